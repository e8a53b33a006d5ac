---@meta

---@class httplib
http = {}

---@class HttpRequest
---@field url string            http or https
---@field method string|nil     GET (default), POST, PUT, PATCH, DELETE, HEAD
---@field headers table<string, string>|nil
---@field body string|nil
---@field timeout_ms integer|nil 1500; at most 10000

---@class HttpAnswer
---@field status integer
---@field content_type string
---@field body string at most 256 KiB

---Waits for the whole answer. Not while loading and not in a prompt.
---@param request HttpRequest
---@return HttpAnswer|nil answer whatever its status
---@return string|nil code "timeout", "unreachable", "refused", "full", …
---@return string|nil message
function http.request(request) end
