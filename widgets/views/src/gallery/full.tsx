/** One image over the whole window, what is known of its object beside it. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { GalleryRow } from "../shared/cutout";
import { count, size } from "../shared/format";
import { Button, IconButton, Loading, Message, RetryMessage, useId } from "../shared/ui";
import { OutcomeSign, outcomeWord } from "./outcome";
import type { GalleryState } from "./state";
import { shownOf, viewOf } from "./views";

export function FullView({ state, row }: { state: GalleryState; row: GalleryRow }): JSX.Element {
  const layer = useRef<HTMLDialogElement>(null);
  const id = useId();
  const close = (): void => void (state.opened.value = null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = layer.current;
    // The browser's top layer; not every test environment has one.
    if (dialog?.showModal) dialog.showModal();
    else dialog?.setAttribute("open", "");
    dialog?.focus();
    return () => {
      dialog?.close?.();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const place = state.places.value.get(row.row) ?? 0;
  const total = state.shown.value.length;
  return (
    <dialog
      ref={layer}
      class="sky-gal__full"
      aria-labelledby={id}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onKeyDown={(event) => onKey(event, state, close)}
    >
      <div class="sky-gal__fullhead">
        <h3 id={id} class="sky-truncate">
          {row.name || `Row ${row.row + 1}`}
        </h3>
        <span class="sky-muted">
          {count(place + 1)} of {count(total)}
        </span>
        <span class="sky-grow" />
        <ViewButtons state={state} row={row} />
        <IconButton icon="left" label="Previous image (Left)" disabled={place === 0} onClick={() => state.step(-1)} />
        <IconButton icon="right" label="Next image (Right)" disabled={place >= total - 1} onClick={() => state.step(1)} />
        <IconButton icon="cross" label="Close (Escape)" onClick={close} />
      </div>
      <div class="sky-gal__fullbody">
        <Image state={state} row={row} />
        <aside class="sky-gal__facts" aria-label="The object" tabIndex={0}>
          <Facts state={state} row={row} />
        </aside>
      </div>
    </dialog>
  );
}

function ViewButtons({ state, row }: { state: GalleryState; row: GalleryRow }): JSX.Element | null {
  const shown = state.pictureOf(row);
  const views = row.files.flatMap((file) => viewOf(file) ?? []);
  if (views.length < 2) return null;
  return (
    <select class="sky-select sky-gal__viewselect" aria-label="Picture" value={shown?.view.key} onChange={(event) => (state.viewKey.value = event.currentTarget.value)}>
      {views.map((view) => (
        <option key={view.key} value={view.key}>
          {view.title}
        </option>
      ))}
    </select>
  );
}

function Image({ state, row }: { state: GalleryState; row: GalleryRow }): JSX.Element {
  const shown = state.pictureOf(row);
  const path = shown && state.picturePath(row, shown);
  const places = state.places.value;
  useEffect(() => {
    // The neighbours come next: most go on to one of them.
    const place = places.get(row.row) ?? 0;
    const near = [state.shown.peek()[place + 1], state.shown.peek()[place - 1]];
    const paths = near.flatMap((other) => {
      const theirs = other && shownOf(other, shown?.view.key ?? null);
      return other && theirs ? [state.picturePath(other, theirs)] : [];
    });
    state.pictures.want(path ? [path, ...paths] : paths);
  }, [path, places]);
  const picture = path ? state.pictures.at(path).value : null;
  return (
    <div class="sky-gal__large" aria-busy={picture !== null && !picture.url && !picture.problem}>
      {picture?.url && <img src={picture.url} alt={`${row.name}, ${shown?.view.title ?? ""}`} />}
      {picture && !picture.url && !picture.problem && <Loading text="Getting the image …" />}
      {picture?.problem && path && <RetryMessage message={picture.problem} onRetry={() => state.pictures.retry(path)} />}
      {!shown && (
        <p class="sky-gal__none">
          <OutcomeSign outcome={row.outcome} /> No image: {row.message || outcomeWord(row.outcome)}
        </p>
      )}
    </div>
  );
}

function Facts({ state, row }: { state: GalleryState; row: GalleryRow }): JSX.Element {
  const folder = state.folderOf(row);
  const details = state.details.value;
  const status = details?.status.value;
  const known = details?.value ?? null;
  const facts: [string, ComponentChildren][] = [
    ["Row", count(row.row + 1)],
    ["RA", row.ra_deg === null ? "" : `${row.ra_deg.toFixed(6)}°`],
    ["Dec", row.dec_deg === null ? "" : `${row.dec_deg.toFixed(6)}°`],
    ["Object", row.object_id ?? ""],
    ["Tile", row.tile],
    ["Size", row.x_size_arcmin === null ? "" : `${row.x_size_arcmin} × ${row.y_size_arcmin ?? row.x_size_arcmin} arcmin`],
    ["Files", row.files.length > 0 ? `${count(row.files.length)}, ${size(row.size_bytes)}` : "none"],
  ];
  return (
    <>
      <p class="sky-gal__outcome">
        <OutcomeSign outcome={row.outcome} /> <strong>{outcomeWord(row.outcome)}</strong>
      </p>
      {row.message && <Message kind={row.outcome === "failed" ? "error" : "info"}>{row.message}</Message>}
      <Pairs title="Position" pairs={facts.filter(([, value]) => value !== "")} />
      {status?.state === "failed" && <RetryMessage message={`The catalogue's object could not be read: ${status.message}`} onRetry={() => void details?.reload()} />}
      {status?.state === "loading" && <Loading text="Asking the catalogue …" />}
      {known && known.magnitudes.length > 0 && (
        <table class="sky-gal__mags">
          <caption>Magnitudes</caption>
          <thead>
            <tr>
              {known.magnitudes.map((each) => (
                <th key={each.name} scope="col">
                  {each.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              {known.magnitudes.map((each) => (
                <td key={each.name}>{each.value === null ? "–" : each.value.toFixed(2)}</td>
              ))}
            </tr>
          </tbody>
        </table>
      )}
      {known?.problem && <Message kind="warn">The catalogue could not be asked: {known.problem}</Message>}
      {known && !known.problem && known.magnitudes.length === 0 && <p class="sky-muted">The catalogue has no object here.</p>}
      {known && known.facts.length > 0 && <Pairs title="Catalogue and pixels" pairs={known.facts.map(({ name, value }) => [name, value])} />}
      {known && known.cells.length > 0 && <Pairs title="Table of positions" pairs={known.cells.map(({ name, value }) => [name, value])} />}
      {(row.files.length > 0 || folder) && <Files state={state} row={row} folder={folder} />}
    </>
  );
}

function Files({ state, row, folder }: { state: GalleryState; row: GalleryRow; folder: string | null }): JSX.Element {
  return (
    <div class="sky-gal__files">
      <h4>Files</h4>
      {folder && (
        <Button icon="folder" title="Open its folder in the file browser" onClick={() => state.openFiles(folder)}>
          Open files
        </Button>
      )}
      <ul>
        {row.files.map((file) => (
          <li key={file} class="sky-row">
            <span class="sky-grow sky-gal__file" title={file}>
              {file}
            </span>
            {state.can("download") && <IconButton icon="download" label={`Download ${file}`} onClick={() => state.downloadFile(row, file)} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Pairs({ title, pairs }: { title: string; pairs: readonly [string, ComponentChildren][] }): JSX.Element {
  return (
    <div class="sky-gal__pairs">
      <h4>{title}</h4>
      <dl>
        {pairs.map(([name, value]) => (
          <div key={name}>
            <dt class="sky-truncate" title={name}>
              {name}
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function onKey(event: KeyboardEvent, state: GalleryState, close: () => void): void {
  event.stopPropagation();
  if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
  const acts: Record<string, () => void> = {
    ArrowRight: () => state.step(1),
    ArrowLeft: () => state.step(-1),
    Home: () => state.step(-Infinity),
    End: () => state.step(Infinity),
    Escape: close,
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}
