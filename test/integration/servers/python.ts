import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { command } from './command.ts'

/** Makes `venv` in the folder with Python 3.13 and installs into it; answers the folder of its programs. */
export const createVenv = async (folder: string, packages: readonly string[]): Promise<string> => {
  const venv = join(folder, 'venv')
  await command(findPython(), ['-m', 'venv', venv])
  await command(join(venv, 'bin/pip'), ['install', '--quiet', ...packages])
  return join(venv, 'bin')
}

/** local-bigquery wants 3.13. */
const findPython = (): string => {
  const candidates = ['python3.13', ...globSync(join(homedir(), '.pyenv/versions/3.13.*/bin/python3.13'))]
  const found = candidates.find((file) => spawnSync(file, ['--version']).status === 0)
  if (found === undefined) throw new Error('Python 3.13 is not there: install it, for example by `pyenv install 3.13`')
  return found
}
