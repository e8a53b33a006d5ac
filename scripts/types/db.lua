---@meta

---@class dblib
db = {}

---Waits for one SELECT, INSERT, UPDATE or DELETE among this tenant's own rows. Parameters stand as $1, $2, …; tables become JSON.
---At most 1000 rows.
---@param sql string
---@param ... string|number|boolean|table|nil
---@return table[]|nil rows one table a row, columns by name, NULL absent; `rows.affected` counts what was changed
---@return string|nil code sqlstate ("23505") or "timeout", "closed", "unavailable", "too_large", "limit"
---@return string|nil message
function db.query(sql, ...) end
