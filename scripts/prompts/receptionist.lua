-- The system prompt of somebody who answers a business's telephone: a pure function from a profile and the facts of a turn
-- to text; the same data gives the same bytes. Profile, Policies, Capabilities, Safety, Style stand in this order and are
-- the same for every call until a version or the business changes; what a turn changes is Now, and comes last. docs/prompts.md is the contract.

local as_it_is = require("prompts.parts.business")
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
    profile = as_it_is(profile, facts.business)
    profile_part(lines, profile)
    policies(lines, profile)
    capabilities(lines, facts.tools or {})
    safety(lines, profile)
    style(lines, profile, facts.channel)
    now(lines, facts, profile)
    return table.concat(lines, "\n") .. "\n"
end

return M
