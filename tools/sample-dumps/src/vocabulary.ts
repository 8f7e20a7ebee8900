import { Random } from './random.js';

/** The scripts of generated text. `accented` is Latin with letters outside ASCII. */
export type Script = 'latin' | 'accented' | 'cyrillic' | 'greek' | 'arabic' | 'hebrew' | 'kana' | 'han' | 'hangul';

const split = (words: string): readonly string[] => words.trim().split(/\s+/);

const FUNCTION_WORDS = split(`
  the of and in a to by for with on from is was as at his their it an are be this that which has her also who had
  not or its were but after all first more into been they one when where than out up only about other over two`);

const PLAIN_WORDS = split(`
  label record records album band music release released producer house techno founded single based track tracks
  session version recorded studio sound live early later member members singer guitar drums bass piano written vinyl
  press pressing cover side back front mixed mastered known year years group style artist artists work works debut
  tour festival stage song songs night light heart love water fire stone river road home city street garden winter
  summer morning evening silver golden black white blue red green dark bright little great small young old new last
  long deep slow quick quiet loud wild broken open hidden secret empty hollow distant northern southern eastern western
  mountain valley ocean island forest desert meadow harbour bridge tower window mirror shadow echo signal circuit
  machine engine motor wheel paper glass iron copper velvet cotton sugar honey coffee lemon apple cherry rose lily
  tiger wolf eagle raven sparrow horse fish spider dragon angel devil ghost spirit dream sleep memory story letter
  number circle line point wave cloud storm thunder rain snow wind sun moon star planet orbit gravity motion
  rhythm melody harmony chorus verse tempo groove pulse beat drum bell string horn organ voice choir dance dancer
  reissue remaster edition limited copies sleeve insert poster sticker matrix runout etched stamped promo sampler
  compilation collection series volume part chapter theme suite sonata symphony overture prelude waltz march ballad
  trumpet trombone saxophone clarinet flute violin cello harp percussion keyboard synthesizer sequencer sampling tape
  digital analog stereo mono electric acoustic ambient minimal modern classic vintage original alternate extended
  radio club dub instrumental vocal remix edit mix take demo rehearsal concert broadcast soundtrack picture`);

const CLOSED = split('b d f g h k l m n p r s t v w br cr dr fl gr kl st tr th sh ch');
const OPEN_VOWELS = split('a e i o u a e o i ei ou ay ia');
const CODAS = split('n r l s m t nd rt ck ll sk ng x th');
const ACCENTED_VOWELS = split('ä ö ü é è á í ó å ø ñi ã ç ę ő ı ć ş ô â');

const build = (count: number, stream: number, make: (random: Random) => string): readonly string[] => {
  const random = new Random().start(0x5eed, stream, count);
  const words = new Set<string>();
  while (words.size < count) words.add(make(random));
  return [...words];
};

const syllables = (random: Random, min: number, max: number): string => {
  let word = '';
  for (let left = random.between(min, max); left > 0; left--) word += random.pick(CLOSED) + random.pick(OPEN_VOWELS);
  return random.chance(0.6) ? word + random.pick(CODAS) : word;
};

export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const letters = (random: Random, from: readonly string[], min: number, max: number): string => {
  let word = '';
  for (let left = random.between(min, max); left > 0; left--) word += random.pick(from);
  return word;
};

const coined = build(1400, 1, (random) => syllables(random, 1, 3));
const coinedAccented = build(700, 2, (random) => {
  const start = random.chance(0.8) ? random.pick(CLOSED) : '';
  const middle = start + random.pick(ACCENTED_VOWELS) + random.pick(CLOSED);
  return random.chance(0.5)
    ? middle + random.pick(OPEN_VOWELS) + random.pick(CODAS)
    : random.pick(OPEN_VOWELS) + middle;
});

const CYRILLIC = split('ба ве ги до жу за ка ло ми не по ра си ту фе хо ца чи ша ры ля нь вой ский ов ев ин мо ст');
const GREEK = split('αλ βε γι δο ελ ζω θα κη λι μα νο ξε πα ρη σι τα φω χα ψη ως ου ίδ άς ής');
const ARABIC = split('ا ب ت ح خ د ر س ش ع ف ق ل م ن ه و ي ال');
const HEBREW = split('א ב ג ד ה ו ז ח י כ ל מ נ ס ע פ צ ק ר ש ת');
const KANA = split('ア イ ウ エ オ カ キ ク サ シ ス タ ツ ト ナ ニ マ ミ ラ リ ル ン ー の に は を が と ら き い');
const HAN = split('山 川 月 日 花 風 雨 雪 空 海 心 音 楽 歌 夜 星 光 東 西 南 北 大 小 中 人 水 火 木 金 春 夏 秋 冬');
const HANGUL = split('가 나 다 라 마 바 사 아 자 하 고 노 도 로 모 수 우 주 기 미 비 시 은 을 한 별');

/** Words of each script, common ones first. */
export const WORDS: Readonly<Record<Script, readonly string[]>> = {
  latin: [...PLAIN_WORDS, ...coined],
  accented: coinedAccented,
  cyrillic: build(600, 3, (random) => letters(random, CYRILLIC, 2, 4)),
  greek: build(400, 4, (random) => letters(random, GREEK, 2, 4)),
  arabic: build(400, 5, (random) => letters(random, ARABIC, 3, 6)),
  hebrew: build(300, 6, (random) => letters(random, HEBREW, 3, 6)),
  kana: build(400, 7, (random) => letters(random, KANA, 2, 6)),
  han: build(400, 8, (random) => letters(random, HAN, 2, 4)),
  hangul: build(300, 9, (random) => letters(random, HANGUL, 2, 4)),
};

/** Words for prose in Latin script: function words and all others. */
export const PROSE_WORDS: readonly string[] = [...FUNCTION_WORDS, ...WORDS.latin];

const capitals = (words: readonly string[]): readonly string[] => words.map(capital);

/** The words with a capital first letter, for titles and names. */
export const TITLE_WORDS: Readonly<Record<Script, readonly string[]>> = {
  latin: capitals(WORDS.latin),
  accented: capitals(WORDS.accented),
  cyrillic: capitals(WORDS.cyrillic),
  greek: capitals(WORDS.greek),
  arabic: WORDS.arabic,
  hebrew: WORDS.hebrew,
  kana: WORDS.kana,
  han: WORDS.han,
  hangul: WORDS.hangul,
};

/** Given names and family names, all invented. */
export const GIVEN_NAMES = capitals(build(500, 10, (random) => syllables(random, 1, 2)));
export const FAMILY_NAMES = capitals(build(1800, 11, (random) => syllables(random, 1, 3)));

/** Symbols outside Latin-1 that occur in runouts, notes and video titles. */
export const SIGNS = split('• ◇ ○ △ ∆ Ⓟ ℗ © ® ™ – — … ½ ⅓ ¾ ° × № ★ ♥ ♪ → ″ ′');
/** Letters outside the Basic Multilingual Plane. */
export const ASTRAL = split('𝐀 𝐁 𝐂 𝐃 𝐄 𝐋 𝐌 𝐍 𝐎 𝐑 𝐒 𝐓 𝐕 𝐗 🎵 🎧 🔥');
