---@meta

---What the business knows: `faqs` and `knowledge.files` of agent.lua, and the tables of the same purpose in the database.
---@class knowledgelib
knowledge = {}

---@class KnowledgePiece
---@field title string the question, or the heading
---@field text string  the answer, or the passage
---@field score number higher is nearer; good for comparing pieces of one search only

---Waits for the pieces that the words are about, best first; a caller's whole sentence will do. None is an empty array.
---@param words string at most 2000 bytes
---@param limit integer|nil 3; 1 to 8
---@return KnowledgePiece[]|nil pieces
---@return string|nil code "timeout", "unavailable", …
---@return string|nil message
function knowledge.search(words, limit) end
