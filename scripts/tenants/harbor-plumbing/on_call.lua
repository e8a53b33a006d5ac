-- Who is on call. It changes every week, without anybody touching a script: the plumber who takes over rings us and says so. kv
-- keeps the number, the profile has the one to fall back to. It is looked up once, when a call begins: hooks that may not wait
-- need it too.

local M = {}

---@param call Call
function M.look_up(call)
    local number, code = kv.get("on_call")
    if not number and code ~= "not_found" then log.warn("on_call: " .. code) end
    if type(number) == "string" then call.state.on_call = number end
end

---@param call Call
---@return string number
function M.number(call)
    return call.state.on_call or call.profile.on_call
end

local function is_plumber(call)
    for _, number in ipairs(call.profile.plumbers) do
        if number == call.caller then return true end
    end
    return false
end

-- "I'm on call now", said by one of our own. A caller may lie about their number, but no further than to another plumber of ours.
---@param call Call
---@param text string
---@return string|nil answer
function M.take_over(call, text)
    if not is_plumber(call) or not text:lower():find("on call", 1, true) then return nil end
    local done, code = kv.set("on_call", call.caller)
    if done then return "Thank you. You are on call from now on." end
    log.warn("on_call: " .. code)
    return "I'm sorry, I couldn't note that. Please call again in a few minutes."
end

M.WORDS = "I'm putting you through to our plumber on call."

---@param call Call
---@param what string the emergency, for the plumber's text message
---@return string number the one to ring now
function M.for_emergency(call, what)
    call.state.emergency, call.tags.emergency, call.phase = what, true, nil
    return M.number(call)
end

return M
