import { WeightedChoice } from './distribution.js';

// The fixed values of the Discogs catalog, weighted by their frequency in the excerpts.

export const GENRES = new WeightedChoice<string>([
  ['Rock', 332],
  ['Electronic', 317],
  ['Pop', 182],
  ['Folk, World, & Country', 112],
  ['Classical', 67],
  ['Jazz', 65],
  ['Funk / Soul', 52],
  ['Hip Hop', 43],
  ['Stage & Screen', 36],
  ['Latin', 30],
  ['Blues', 24],
  ['Reggae', 19],
  ['Non-Music', 11],
  ["Children's", 10],
  ['Brass & Military', 2],
]);

export const STYLES: readonly string[] = [
  ...['House', 'Deep House', 'Pop Rock', 'Experimental', 'Tech House', 'Techno', 'Alternative Rock', 'Punk'],
  ...['Synth-pop', 'Country', 'Vocal', 'Heavy Metal', 'Ballad', 'Indie Rock', 'Rock & Roll', 'Electro', 'Classic Rock'],
  ...['Hardcore', 'Ambient', 'Downtempo', 'Folk', 'Chanson', 'Soundtrack', 'Romantic', 'Hard Rock', 'Soul', 'Disco'],
  ...['Abstract', 'Progressive House', 'Euro House', 'Garage Rock', 'Psychedelic Rock', 'Rhythm & Blues', 'Drone'],
  ...['New Wave', 'Industrial', 'Prog Rock', 'Black Metal', 'African', 'Trance', 'Europop', 'Baroque', 'Schlager'],
  ...['Noise', 'Death Metal', 'Easy Listening', 'Dub', 'Contemporary', 'Folk Rock', 'Funk', 'Doom Metal', 'Bluegrass'],
  ...['Blues Rock', 'Acoustic', 'Avantgarde', 'Minimal', 'Drum n Bass', 'Grindcore', 'Hard Trance', 'Big Band', 'Bop'],
];

export const COUNTRIES = new WeightedChoice<string>([
  ['US', 250],
  ['Germany', 91],
  ['UK', 79],
  ['Japan', 57],
  ['Italy', 44],
  ['Canada', 41],
  ['Netherlands', 39],
  ['France', 33],
  ['Spain', 31],
  ['Russia', 31],
  ['Europe', 24],
  ['Sweden', 22],
  ['Australia', 21],
  ['Poland', 17],
  ['Norway', 12],
  ['Greece', 12],
  ['Switzerland', 10],
  ['Czechoslovakia', 8],
  ['UK & Europe', 7],
  ['Yugoslavia', 6],
  ['Belgium', 6],
  ['Israel', 6],
  ['Ukraine', 6],
]);

export const ROLES = new WeightedChoice<string>([
  ['Written-By', 2060],
  ['Producer', 547],
  ['Composed By', 241],
  ['Vocals', 230],
  ['Music By', 221],
  ['Remix', 220],
  ['Lyrics By', 208],
  ['Guitar', 200],
  ['Drums', 168],
  ['Bass', 142],
  ['Mastered By', 130],
  ['Lead Vocals', 125],
  ['Engineer', 124],
  ['Featuring', 119],
  ['Arranged By', 115],
  ['Mixed By', 114],
  ['Backing Vocals', 108],
  ['Piano', 103],
  ['Recorded By', 97],
  ['Performer', 93],
  ['Executive-Producer', 76],
  ['Photography By', 68],
  ['Keyboards', 46],
  ['Design', 45],
  ['Violin', 38],
  ['Orchestra', 38],
  ['Conductor', 36],
  ['Trumpet', 35],
  ['Liner Notes', 33],
  ['Percussion', 30],
  ['Artwork', 28],
  ['Co-producer', 27],
  ['Art Direction', 21],
  ['Lacquer Cut By', 20],
  ['Tenor Saxophone', 17],
  ['Programmed By', 17],
]);

export const ROLE_DETAILS: readonly string[] = [
  ...['Additional', 'Assistant', 'With', 'Second', 'All Tracks By', 'Uncredited', 'Front Cover', 'For The Album'],
];

export const JOINS = new WeightedChoice<string>([
  [',', 200],
  ['&', 76],
  ['Feat.', 44],
  ['/', 37],
  ['And', 34],
  ['With', 19],
  ['Featuring', 15],
  ['-', 11],
  ['vs.', 12],
  ['•', 5],
  ['+', 3],
  ['Presents', 4],
  ['Conducting The', 3],
]);

/** The number and name of a company's role in a release. */
export const COMPANY_ROLES = new WeightedChoice<readonly [number, string]>([
  [[21, 'Published By'], 306],
  [[13, 'Phonographic Copyright (p)'], 236],
  [[14, 'Copyright (c)'], 207],
  [[23, 'Recorded At'], 182],
  [[9, 'Distributed By'], 122],
  [[10, 'Manufactured By'], 103],
  [[17, 'Pressed By'], 97],
  [[29, 'Mastered At'], 87],
  [[16, 'Made By'], 41],
  [[27, 'Mixed At'], 39],
  [[19, 'Printed By'], 38],
  [[4, 'Record Company'], 36],
  [[37, 'Produced For'], 26],
  [[8, 'Marketed By'], 24],
  [[6, 'Licensed From'], 24],
  [[30, 'Lacquer Cut At'], 22],
  [[5, 'Licensed To'], 13],
  [[31, 'Glass Mastered At'], 12],
]);

export const IDENTIFIER_TYPES = new WeightedChoice<string>([
  ['Matrix / Runout', 729],
  ['Barcode', 338],
  ['Rights Society', 229],
  ['Other', 114],
  ['Label Code', 83],
  ['Mastering SID Code', 62],
  ['Mould SID Code', 62],
  ['Price Code', 22],
  ['SPARS Code', 14],
  ['ISRC', 7],
  ['Depósito Legal', 3],
]);

export const RIGHTS_SOCIETIES: readonly string[] = ['ASCAP', 'BMI', 'GEMA', 'BIEM', 'JASRAC', 'STEMRA', 'BIEM/GEMA'];

export const FORMAT_DESCRIPTIONS = new WeightedChoice<string>([
  ['Album', 394],
  ['LP', 235],
  ['12"', 147],
  ['45 RPM', 127],
  ['7"', 127],
  ['Single', 115],
  ['Compilation', 101],
  ['33 ⅓ RPM', 86],
  ['Reissue', 86],
  ['Promo', 86],
  ['Stereo', 71],
  ['EP', 68],
  ['Limited Edition', 66],
  ['MP3', 58],
  ['Mono', 38],
  ['Unofficial Release', 37],
  ['Remastered', 30],
  ['White Label', 18],
  ['Maxi-Single', 16],
  ['Repress', 15],
]);

export const TRACK_SUFFIXES: readonly string[] = [
  ...[
    'Original Mix',
    'Dub',
    'Remix',
    'Live',
    'Instrumental',
    'Radio Edit',
    'Extended Mix',
    'Part 1',
    'Part 2',
    'Reprise',
  ],
];

export const SITES: readonly string[] = [
  ...['https://www.facebook.com/', 'http://www.myspace.com/', 'https://twitter.com/', 'https://soundcloud.com/'],
  ...[
    'https://www.instagram.com/',
    'https://en.wikipedia.org/wiki/',
    'http://www.youtube.com/user/',
    'https://vimeo.com/',
  ],
];
