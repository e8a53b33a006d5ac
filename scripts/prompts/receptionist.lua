-- The system prompt of somebody who answers a business's telephone: a pure function from a profile and the facts of a turn
-- to text; the same data gives the same bytes. Profile, Policies, Capabilities, Safety, Style stand in this order and are
-- the same for every call of a version; what a turn changes is Now, and comes last. docs/prompts.md is the contract.

local capabilities = require("prompts.parts.capabilities")
local now = require("prompts.parts.now")
local policies = require("prompts.parts.policies")
local profile_part = require("prompts.parts.profile")
local safety = require("prompts.parts.safety")
local style = require("prompts.parts.style")

local M = {}

---@param profile Profile
---@param facts PromptFacts
---@return string
function M.build(profile, facts)
    local lines = {}
    profile_part(lines, profile)
    policies(lines, profile)
    capabilities(lines, facts.tools or {})
    safety(lines, profile)
    style(lines, profile)
    now(lines, facts)
    return table.concat(lines, "\n") .. "\n"
end

return M
