import type { Answer } from './answering-server.ts'

/**
 * google.rpc.Status as JSON (https://cloud.google.com/apis/design/errors#http_mapping), with the details of
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto.
 */
const status = (code: number, name: string, message: string, details?: readonly object[]): Answer => ({
  status: code,
  body: { error: { code, message, status: name, ...(details && { details }) } },
})

const ofType = (type: string, fields: object) => ({ '@type': `type.googleapis.com/google.rpc.${type}`, ...fields })

const rateLimit = ofType('ErrorInfo', {
  reason: 'RATE_LIMIT_EXCEEDED',
  domain: 'googleapis.com',
  metadata: { service: 'secretmanager.googleapis.com', quota_limit: 'AccessRequestsPerMinutePerProject' },
})
const QUOTA =
  "Quota exceeded for quota metric 'Access requests' and limit 'Access requests per minute' of service 'secretmanager.googleapis.com'."

export const RPC_ERRORS = {
  invalidArgument: status(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.'),
  failedPrecondition: status(
    400,
    'FAILED_PRECONDITION',
    'Secret Version [projects/1/secrets/acme_key/versions/1] is in DISABLED state.',
  ),
  unauthenticated: status(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
  permissionDenied: status(
    403,
    'PERMISSION_DENIED',
    "Permission 'secretmanager.versions.access' denied for resource 'projects/1/secrets/acme_key/versions/latest' (or it may not exist).",
  ),
  notFound: status(404, 'NOT_FOUND', 'Secret [projects/1/secrets/acme_key] not found or has no versions.'),
  alreadyExists: status(
    409,
    'ALREADY_EXISTS',
    'The task cannot be created because a task with this name existed too recently.',
  ),
  aborted: status(409, 'ABORTED', 'The operation was aborted.'),
  quota: status(429, 'RESOURCE_EXHAUSTED', QUOTA, [rateLimit]),
  quotaWithDelay: status(429, 'RESOURCE_EXHAUSTED', QUOTA, [rateLimit, ofType('RetryInfo', { retryDelay: '12.500s' })]),
  internal: status(500, 'INTERNAL', 'Internal error encountered.'),
  unimplemented: status(501, 'UNIMPLEMENTED', 'Operation is not implemented, or supported, or enabled.'),
  unavailable: status(503, 'UNAVAILABLE', 'The service is currently unavailable.'),
  deadlineExceeded: status(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'),
} satisfies Record<string, Answer>
