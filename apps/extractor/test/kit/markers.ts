import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The parts of a file's progress that the tests use. */
export interface MarkerFileProgress {
  status: string;
  messages_published: number;
  records_extracted: number;
  destination?: Record<string, string | string[]>;
  checkpoint?: Record<string, string | number>;
  restart_reason?: string;
}

/** The parts of a state marker that the tests use. */
export interface MarkerFile {
  download_phase: { status: string; downloads_by_file: Record<string, { unverified?: boolean }> };
  processing_phase: {
    status: string;
    started_at: string;
    errors: string[];
    progress_by_file: Record<string, MarkerFileProgress>;
  };
  publishing_phase: {
    status: string;
    messages_published: number;
    sink?: string;
    extraction_complete?: { sent_at: string | null; withheld_because?: string[] };
  };
  summary: { overall_status: string; files_by_type: Record<string, string> };
}

export const markerPath = (data: string, version: string): string => join(data, `.extraction_status_${version}.json`);

/** The marker on disk; `undefined` if there is none. */
export const readMarker = async (data: string, version: string): Promise<MarkerFile | undefined> => {
  try {
    return JSON.parse(await readFile(markerPath(data, version), 'utf8')) as MarkerFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Changes the marker on disk. */
export const editMarker = async (data: string, version: string, edit: (marker: MarkerFile) => void): Promise<void> => {
  const marker = (await readMarker(data, version))!;
  edit(marker);
  await writeFile(markerPath(data, version), JSON.stringify(marker, undefined, 2));
};
