import { LEFT } from './failure.ts'
import { processIo } from './process-io.ts'
import { runCli } from './run-cli.ts'

// An exit code that is set, not an exit: what was written to a pipe is still on its way.
process.exitCode = await runCli(process.argv.slice(2), processIo())
// Work that somebody left behind would keep the process.
if (process.exitCode === LEFT) process.exit()
