import { columnList } from './sql.ts'
import { count, run, type Compiler } from './publish-plan.ts'

/** Adds the source's rows. */
export const publishAppend: Compiler = (_job, { target, source, fields }) => {
  const columns = columnList(fields)
  return {
    bindings: {},
    statements: [
      count('staged', source),
      count('before', target),
      run(`INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${source}`),
      count('after', target),
    ],
  }
}
