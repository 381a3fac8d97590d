import { apiFunction } from '@convergence/api/api-function.ts'
import { http } from '@google-cloud/functions-framework'
import { openPorts } from './fixture-ports.ts'

http('api', apiFunction({ name: 'api', openPorts }))
