/** What must hold. Types of the product are read here, none of its code that decides anything: a test says so. */
export { watchCursors } from './check/cursors.ts'
export { judge, type Outcome } from './check/judge.ts'
export { guardTenant } from './check/tenancy.ts'
export { watch } from './check/watch.ts'
