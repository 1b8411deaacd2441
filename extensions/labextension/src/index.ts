/** SkyDesk in JupyterLab: a plugin per capability; each can be disabled alone. */

import { cutouts } from './host/cutouts';
import { files } from './host/files';
import { notebooks } from './host/notebooks';
import { results } from './host/results';
import { host } from './host/plugin';
import { positions } from './host/positions';
import { leaseEnding } from './lease/farewell';
import { leaseMessages } from './lease/messages';
import { lease } from './lease/plugin';
import { leaseStatus } from './lease/status';
import { leaseWarnings } from './lease/warnings';
import { launcher } from './panels/launcher';
import { palette } from './panels/palette';
import { panels } from './panels/plugin';
import { session } from './session/plugin';

export default [session, host, files, notebooks, results, cutouts, positions, panels, launcher, palette, lease, leaseStatus, leaseWarnings, leaseMessages, leaseEnding];
