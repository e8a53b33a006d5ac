/* What the model reads of a tool that has no result yet. Pure. */
#pragma once

/* Until its own word comes, late: the caller went on, but the tool was not stopped. */
#define TOOL_TEXT_UNKNOWN "{\"error\":\"no answer yet\",\"hint\":\"it may have been done\"}"

/* Past its limit: the model reads what the caller is told (NULL: nothing), and that it may be done all the same. Heap;
   NULL: no memory. */
char *tool_text_late(const char *say);
