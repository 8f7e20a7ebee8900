/** The months from which on dumps have had another form. */
export const ERAS = {
  /** `sub_tracks` in tracks. */
  subTracks: '2014-07',
  /** The addresses of images are empty. */
  blankAddresses: '2015-01',
  /** `<master_id is_main_release="true">` */
  mainRelease: '2017-12',
  /** No images; artists and labels without a name; credits whose id is empty. */
  noImages: '2024-12',
  /** No `id` elements in `members`; `series`; elements of credits, tracks and videos are left out if they are empty. */
  series: '2025-05',
  /** No `status` of releases, no `resource_url` of companies. */
  noStatus: '2026-01',
} as const;
