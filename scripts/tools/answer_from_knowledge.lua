-- Looks up what the business knows: for tenants whose prompt does not bring it, and for questions that take other words than
-- the caller's.

---@param args { question: string }
local function run(_, args)
    local pieces, code, message = knowledge.search(args.question, 3)
    if not pieces then return nil, code, message end
    if #pieces == 0 then return { ok = false, reason = "not_known" } end
    local known = json.array()
    for _, piece in ipairs(pieces) do known[#known + 1] = { title = piece.title, text = piece.text } end
    return { ok = true, known = known }
end

---@type Tool
return {
    name = "answer_from_knowledge",
    description = "Looks up what the business knows about a question.",
    when = "the caller asks something that nothing above answers; say only what it finds.",
    parameters = {
        type = "object",
        properties = { question = { type = "string", description = "The question in one short sentence", maxLength = 400 } },
        required = { "question" },
        additionalProperties = false,
    },
    timeout_ms = 1800,
    run = run,
}
