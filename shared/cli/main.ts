import { leave } from './leave.ts'
import { processIo } from './process-io.ts'
import { runCli } from './run-cli.ts'

await leave(await runCli(process.argv.slice(2), processIo()))
