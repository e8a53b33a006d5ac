-- Phone numbers as people and models write them, into one form that can be compared.

local M = {}

---@param text string "(555) 010-0001", "+1 555 010 0001", …
---@return string|nil number E.164 where the country is known or American, else bare digits
function M.normal(text)
    local digits = text:gsub("%D", "")
    if text:match("^%s*%+") then return #digits >= 8 and #digits <= 15 and "+" .. digits or nil end
    if #digits == 10 then return "+1" .. digits end
    if #digits == 11 and digits:sub(1, 1) == "1" then return "+" .. digits end
    return #digits >= 7 and #digits <= 15 and digits or nil
end

return M
