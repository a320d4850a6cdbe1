-- A symbol may be of any length, a row of a report may not.
CASE WHEN length(symbol) > 250 THEN concat(substr(symbol, 1, 250), '…') ELSE symbol END
