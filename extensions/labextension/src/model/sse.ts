/** A reader of event streams (HTML Living Standard, section 9.2.6) for text that arrives in pieces. */

export interface ServerSentEvent {
  event: string;
  data: string;
  /** The last id that the stream has named so far. */
  id: string;
}

export class EventStreamParser {
  /** Take the next piece of the stream; give the events that it completes. */
  push(piece: string): ServerSentEvent[] {
    this.rest += piece;
    if (!this.begun && this.rest) {
      this.begun = true;
      this.rest = this.rest.replace(/^\uFEFF/, '');
    }
    const events: ServerSentEvent[] = [];
    for (let line = this.nextLine(); line !== null; line = this.nextLine()) {
      const event = this.take(line);
      if (event) {
        events.push(event);
      }
    }
    return events;
  }

  private nextLine(): string | null {
    const end = this.rest.search(/[\r\n]/);
    // A carriage return that ends the piece may be half of a CR LF: its other half comes with the next piece.
    if (end < 0 || (this.rest[end] === '\r' && end === this.rest.length - 1)) {
      return null;
    }
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + (this.rest.startsWith('\r\n', end) ? 2 : 1));
    return line;
  }

  private take(line: string): ServerSentEvent | null {
    if (line === '') {
      return this.dispatch();
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') {
      this.event = value;
    } else if (field === 'data') {
      this.data.push(value);
    } else if (field === 'id' && !value.includes('\0')) {
      this.id = value;
    }
    return null;
  }

  private dispatch(): ServerSentEvent | null {
    const { event, data, id } = this;
    this.event = '';
    this.data = [];
    return data.length ? { event: event || 'message', data: data.join('\n'), id } : null;
  }

  private rest = '';
  private begun = false;
  private event = '';
  private data: string[] = [];
  private id = '';
}
