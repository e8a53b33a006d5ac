---@meta

---@class httplib
http = {}

---@class HttpRequest
---@field url string            http or https
---@field method string|nil     GET (default), POST, PUT, PATCH, DELETE, HEAD
---@field headers table<string, string|Secret>|nil at most four secrets
---@field body string|nil
---@field json any           instead of body: sent as JSON, with its content type
---@field timeout_ms integer|nil 1500; at most 10000

---@class HttpAnswer
---@field status integer
---@field content_type string
---@field body string at most 256 KiB
local HttpAnswer = {}

---The body as JSON.
---@return any value json.null for null; nil: bad
---@return "bad_json"|nil code
---@return string|nil message
function HttpAnswer:json() end

---@class HttpOptions
---@field headers table<string, string|Secret>|nil
---@field timeout_ms integer|nil 1500; at most 10000

---Waits for the whole answer. Not while loading and not in a prompt. Redirects are answers.
---@param request HttpRequest
---@return HttpAnswer|nil answer whatever its status
---@return string|nil code "timeout", "unreachable", "full", …; "refused": agent.lua's http.allow, a private address, or a
---                        secret that may not go there; "limit": too many requests
---@return string|nil message
function http.request(request) end

---@param url string
---@param options HttpOptions|nil
---@return HttpAnswer|nil answer
---@return string|nil code
---@return string|nil message
function http.get(url, options) end

---@param url string
---@param value any a text is sent as it is, anything else as JSON
---@param options HttpOptions|nil
---@return HttpAnswer|nil answer
---@return string|nil code
---@return string|nil message
function http.post(url, value, options) end
