/** What is done shortly before the end: documents are saved, and kernels that still work are noted. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { EndingReport } from './tracker';
import { listed, timeLeft } from './words';

/** How long one document may take, milliseconds: a question of the lab's to the user would wait for ever. */
const LONGEST_SAVE = 15_000;

/** An open document, as far as this needs it. */
export interface OpenDocument {
  path: string;
  dirty: boolean;
  writable: boolean;
  save: () => Promise<void>;
}

export interface RunningKernel {
  name: string;
  path: string;
  busy: boolean;
}

/** The documents that are open, each once however many views it has. */
export function openDocuments(app: JupyterFrontEnd): OpenDocument[] {
  const found = new Map<string, OpenDocument>();
  for (const area of ['main', 'left', 'right', 'down']) {
    for (const widget of app.shell.widgets(area)) {
      const { context } = widget as unknown as { context?: DocumentRegistry.Context };
      if (context?.model && typeof context.save === 'function') {
        found.set(context.path, {
          path: context.path,
          dirty: context.model.dirty,
          writable: context.contentsModel?.writable !== false && !context.model.readOnly,
          save: () => context.save()
        });
      }
    }
  }
  return [...found.values()];
}

/** The kernels that run now, by the documents that use them. */
export async function runningKernels(app: JupyterFrontEnd): Promise<RunningKernel[]> {
  const { sessions } = app.serviceManager;
  await sessions.refreshRunning();
  return [...sessions.running()].map(({ path, kernel }) => ({
    name: kernel?.name ?? '',
    path,
    busy: kernel?.execution_state === 'busy'
  }));
}

/** Save what has changed; tell which documents were saved and which were not. */
export async function saveAll(documents: readonly OpenDocument[], longest = LONGEST_SAVE): Promise<Pick<EndingReport, 'saved' | 'unsaved'>> {
  const changed = documents.filter(document => document.dirty);
  const done = await Promise.all(changed.map(document => saveOne(document, longest)));
  return {
    saved: changed.filter((_, at) => done[at]).map(document => document.path),
    unsaved: changed.filter((_, at) => !done[at]).map(document => document.path)
  };
}

async function saveOne(document: OpenDocument, longest: number): Promise<boolean> {
  if (!document.writable) {
    return false;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), longest);
  });
  const saved = document.save().then(
    () => true,
    () => false
  );
  const done = await Promise.race([saved, late]);
  clearTimeout(timer);
  return done;
}

/** What the person is told. */
export function endingWords(secondsLeft: number, { saved, unsaved, busyKernels }: EndingReport): string {
  const when = secondsLeft > 0 ? `This lab ends in ${timeLeft(secondsLeft)}.` : 'This lab ends now.';
  const parts = [when];
  if (saved.length) {
    parts.push(`Saved ${listed(saved, 2)}.`);
  }
  if (unsaved.length) {
    parts.push(`Could not save ${listed(unsaved, 2)}.`);
  }
  if (!saved.length && !unsaved.length) {
    parts.push('Everything is saved.');
  }
  if (busyKernels.length) {
    parts.push(`Still busy: ${listed(busyKernels.map(kernel => kernel.path || kernel.name), 2)}.`);
  }
  return parts.join(' ');
}
