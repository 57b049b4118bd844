"""How a chapter shows what was measured: tables and figures from evidence and layouts, one module a chapter."""
