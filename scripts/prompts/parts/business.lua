-- A profile as the calendar works by it: what the tables of the database hold stands over what the script says of the same.

local function either(first, second)
    if not first or not second then return first or second end
    return setmetatable({}, { __index = function(_, date)
        local day = first[date]
        if day == nil then return second[date] end
        return day
    end })
end

---@param profile Profile
---@param business Business|nil call.business
---@return Profile
return function(profile, business)
    if not business then return profile end
    local over = { hours = business.hours, services = business.services,
        holidays = either(business.holidays, profile.holidays) } -- date by date
    return setmetatable(over, { __index = profile })
end
