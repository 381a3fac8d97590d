-- One row: what one product sold on one day.
SELECT
  ordered_on,
  product,
  SUM(quantity) AS pieces,
  SUM(quantity * price) AS sales
FROM {{ raw_shop.orders }}
WHERE ordered_on = @day
GROUP BY ordered_on, product
