-- What the parts of a prompt are written with. Nothing here walks a table by `pairs`: its order differs from VM to VM, and
-- a prompt must be the same text for the same data.

local M = {}

function M.section(lines, title)
    if #lines > 0 then lines[#lines + 1] = "" end
    lines[#lines + 1] = "# " .. title
end

-- "Name: value", so that a model, a test and the sandbox read facts the same way. Nothing for no value.
function M.fact(lines, name, value)
    if value ~= nil and value ~= "" then lines[#lines + 1] = name .. ": " .. tostring(value) end
end

function M.list(lines, items)
    for _, item in ipairs(items or {}) do lines[#lines + 1] = "- " .. item end
end

-- "a, b and c"
function M.joined(items, last)
    if #items < 2 then return items[1] or "" end
    return table.concat(items, ", ", 1, #items - 1) .. " " .. (last or "and") .. " " .. items[#items]
end

-- One span { open, close }, or several on one day; anything else is a closed day.
function M.spans(day)
    if type(day) ~= "table" then return "closed" end
    local written = {}
    for _, span in ipairs(day.open and { day } or day) do written[#written + 1] = span.open .. "-" .. span.close end
    return #written > 0 and table.concat(written, ", ") or "closed"
end

-- With its full stop, whether its author wrote one or not.
function M.sentence(words)
    return words:find("[.!?]$") and words or words .. "."
end

-- At most so many bytes, and no character cut in two.
function M.start(words, bytes)
    while words:byte(bytes + 1) and words:byte(bytes + 1) >= 0x80 and words:byte(bytes + 1) < 0xc0 do bytes = bytes - 1 end
    return words:sub(1, bytes)
end

function M.capitalised(word)
    return word:sub(1, 1):upper() .. word:sub(2)
end

return M
