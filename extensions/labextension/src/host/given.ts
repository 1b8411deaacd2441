/** Positions that one panel gives to another. */

import { textOf, type HostRequest } from './host';

/** The rows of a quick query, or the address of a job's file; and in words whence they are. */
export function givenOf(request: HostRequest): Record<string, unknown> {
  const { content } = request;
  const buffer = request.buffers[0] ?? content.buffer;
  const source = typeof content.source === 'string' && content.source ? content.source : `the ${request.panel} panel`;
  const rows = buffer instanceof ArrayBuffer || ArrayBuffer.isView(buffer);
  return rows ? { buffer, source } : { job_id: textOf(request, 'job_id'), file: textOf(request, 'file'), source };
}
