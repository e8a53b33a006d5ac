---@meta

---Keys and passwords of other services. A script holds a name, never the value: it can be sent as a header of http to a host in
---agent.lua's `http.allow`, and nothing else can be done with it. The value is the file MOONLINE_SECRETS/<tenant>/<name>, read
---when the request goes out.
---@class secretlib
secret = {}

---@class Secret: userdata
local Secret = {}

---Does not look for the file: a request says when it is missing. Also while loading.
---@param name string letters a-z, digits, "_"
---@return Secret secret by itself, the value as it is
function secret.get(name) end

---"Bearer …"
---@return Secret
function Secret:bearer() end

---"Basic …", of this user name and the secret as the password
---@param user string without ":"
---@return Secret
function Secret:basic(user) end
