-- At most so many bytes, of whole characters: a byte of 128 to 191 goes on with one that began before.

---@param text string
---@param bytes integer
return function(text, bytes)
    if #text <= bytes then return text end
    local last = bytes
    while last > 0 and text:find("^[\128-\191]", last + 1) do last = last - 1 end
    return text:sub(1, last)
end
