-- The simplest chat model: stories that are not about the receptionist use it.
return function()
    return { text = "Yes." }
end
