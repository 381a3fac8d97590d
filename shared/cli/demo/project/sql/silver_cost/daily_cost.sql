-- One row: what one project spent on one model on one day, in USD.
-- Cached tokens are part of the input tokens and have their own price; so has usage through the batch API.
-- Prices are for a million tokens: all is added up in exact NUMERIC and divided once.
SELECT
  usage.usage_date,
  usage.project_id,
  usage.model,
  SUM(usage.input_tokens) AS input_tokens,
  SUM(usage.input_cached_tokens) AS input_cached_tokens,
  SUM(usage.output_tokens) AS output_tokens,
  SUM(
    CASE
      WHEN price.model IS NULL THEN ERROR(CONCAT('no price for model ', usage.model, ': add it to prices/openai.csv'))
      ELSE
        (usage.input_tokens - usage.input_cached_tokens) * price.input_price
        + usage.input_cached_tokens * price.cached_price
        + usage.output_tokens * price.output_price
    END
  ) / 1000000 AS cost_usd
FROM {{ raw_openai.usage_daily }} AS usage
LEFT JOIN {{ raw_openai.prices }} AS price
  ON price.model = usage.model AND price.batch = usage.batch
WHERE usage.usage_date = @usage_date
GROUP BY usage.usage_date, usage.project_id, usage.model
