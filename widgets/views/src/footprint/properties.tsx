/** What is known of the tile that was chosen last, and what can be done with it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count, counted, size } from "../shared/format";
import { Button, IconButton, Loading, RetryMessage } from "../shared/ui";
import type { Tile, TileFile, TileRelease } from "./data";
import { positionWords } from "./sphere";
import type { FootprintState } from "./state";

export function Properties({ state }: { state: FootprintState }): JSX.Element | null {
  const loadable = state.tile.value;
  if (!loadable) return null;
  const status = loadable.status.value;
  const name = state.names.value.at(-1) ?? "";
  return (
    <section class="sky-foot__part" aria-label={`Tile ${name}`}>
      <h3 class="sky-mono">{name}</h3>
      {status.state === "loading" && <Loading text="Looking up the tile …" />}
      {status.state === "failed" && <RetryMessage message={status.message} onRetry={() => void loadable.reload()} />}
      {status.state === "ready" && <Known state={state} tile={status.value} />}
    </section>
  );
}

function Known({ state, tile }: { state: FootprintState; tile: Tile }): JSX.Element {
  return (
    <>
      <dl class="sky-foot__facts">
        <Fact name="Centre">{positionWords(tile.ra_deg, tile.dec_deg, 5)}</Fact>
        <Fact name="Corners">
          {tile.corners_deg.map(([ra, dec], n) => (
            <div key={n}>{positionWords(ra, dec)}</div>
          ))}
        </Fact>
        <Fact name="Unique area">{tile.unique_area_deg2.toFixed(4)} deg²</Fact>
        <Fact name="Crosses 0 h">{tile.crosses_ra0 ? "yes" : "no"}</Fact>
        <Fact name="Image">
          {count(tile.size_pixels)} × {count(tile.size_pixels)} px of {tile.pixel_scale_arcsec}″
        </Fact>
      </dl>
      <div class="sky-foot__acts">
        {state.canHost("cut-result") && (
          <Button icon="crosshair" onClick={() => state.cut(tile)} title="Take the position found here, or the tile's centre, to the Cutouts panel">
            Open in Cutouts
          </Button>
        )}
        {state.canHost("edit-query") && (
          <Button icon="table" onClick={() => state.query(tile)} title="Put a statement for the objects of this tile into the Query panel">
            Query this tile
          </Button>
        )}
      </div>
      {tile.releases.map((release) => (
        <OfRelease key={release.release} state={state} tile={tile} release={release} />
      ))}
    </>
  );
}

function Fact({ name, children }: { name: string; children: JSX.Element["props"]["children"] }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function OfRelease({ state, tile, release }: { state: FootprintState; tile: Tile; release: TileRelease }): JSX.Element {
  const measured = release.bands.filter((band) => band.depth_mag !== null || band.seeing_arcsec !== null || band.epochs !== null);
  return (
    <div class="sky-foot__release">
      <h4>
        {release.release}
        {release.approximate && <span class="sky-muted"> · by an approximate outline</span>}
      </h4>
      <p>{release.objects === null ? "Number of objects not known" : counted(release.objects, "object")}</p>
      {measured.length > 0 && (
        <table class="sky-foot__bands" aria-label={`Depth and seeing in ${release.release}`}>
          <thead>
            <tr>
              <th scope="col">Band</th>
              <th scope="col">Depth [mag]</th>
              <th scope="col">Seeing [″]</th>
              <th scope="col">Epochs</th>
            </tr>
          </thead>
          <tbody>
            {measured.map((band) => (
              <tr key={band.band}>
                <th scope="row">{band.band}</th>
                <td>{band.depth_mag?.toFixed(2) ?? "–"}</td>
                <td>{band.seeing_arcsec?.toFixed(2) ?? "–"}</td>
                <td>{band.epochs === null ? "–" : String(Math.round(band.epochs * 10) / 10)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {release.files.length > 0 ? (
        <ul class="sky-foot__files" aria-label={`Files of ${tile.name} in ${release.release}`}>
          {release.files.map((file) => (
            <FileLine key={file.name} state={state} tile={tile} release={release.release} file={file} />
          ))}
        </ul>
      ) : (
        <p class="sky-muted">No files of this tile are here.</p>
      )}
    </div>
  );
}

function FileLine({ state, tile, release, file }: { state: FootprintState; tile: Tile; release: string; file: TileFile }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    const address = new URL(`skydesk/api/${file.path}`, labBase()).href;
    void navigator.clipboard.writeText(address).then(() => setCopied(true));
  };
  return (
    <li>
      <span class="sky-foot__file">
        <span title={file.name}>
          {file.title}
          {file.band && ` ${file.band}`}
        </span>
        <span class="sky-muted">{size(file.size_bytes)}</span>
      </span>
      {state.canHost("download") && <IconButton icon="download" label={`Download ${file.name}`} onClick={() => state.download(file.path)} />}
      {state.canHost("download") && <IconButton icon={copied ? "check" : "copy"} label={copied ? `The link to ${file.name} is copied` : `Copy the link to ${file.name}`} onClick={copy} />}
      {state.canHost("open-notebook") && /\.fits(\.fz)?$/.test(file.name) && <IconButton icon="notebook" label={`Open ${file.name} in a notebook`} onClick={() => state.openNotebook(tile, release, file.name)} />}
    </li>
  );
}

/** Where the lab's server is: the page's own configuration says so. */
function labBase(): string {
  const stated = document.getElementById("jupyter-config-data")?.textContent;
  const config = stated ? (JSON.parse(stated) as { baseUrl?: string }) : {};
  return new URL(config.baseUrl ?? "./", document.baseURI).href;
}
