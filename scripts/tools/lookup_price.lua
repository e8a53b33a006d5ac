-- The price of a service: the console's or the profile's, else what is known about it. Never a guess.

-- "Cleaning", "a cleaning", "teeth cleaning" are the service "cleaning".
local function find_service(services, wanted)
    wanted = wanted:lower()
    for _, service in ipairs(services or {}) do
        local name = (service.name or service):lower()
        if wanted:find(name, 1, true) or name:find(wanted, 1, true) then return service end
    end
end

---@param call Call
---@param args { service: string }
local function run(call, args)
    if not args.service:find("%w") then return nil, "no_service", "the service has no name" end
    local services = call.business and call.business.services or call.profile.services
    local service = find_service(services, args.service)
    if service and service.price then return { ok = true, service = service.name, price = service.price } end
    local pieces, code, message = knowledge.search("price cost " .. args.service, 2)
    if not pieces then return nil, code, message end
    if #pieces == 0 then return { ok = false, reason = "no_price_known" } end
    local known = json.array()
    for _, piece in ipairs(pieces) do known[#known + 1] = { title = piece.title, text = piece.text } end
    return { ok = true, known = known }
end

---@type Tool
return {
    name = "lookup_price",
    description = "Finds the price of a service.",
    when = "the caller asks what something costs; when it finds none, say that you do not know it.",
    parameters = {
        type = "object",
        properties = { service = { type = "string", description = "The service as the business calls it", maxLength = 200 } },
        required = { "service" },
        additionalProperties = false,
    },
    timeout_ms = 1800,
    run = run,
}
