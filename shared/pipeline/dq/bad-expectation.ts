/** An expectation that cannot be checked against this table: becomes its own `error` result; the others run. */
export class BadExpectation extends Error {
  override readonly name = 'BadExpectation'
}
