// What names begin with in common, such as "production-web-" of production-web-1 and production-web-2: where there is
// little room, that is what can be left out.

const PART = /[a-z0-9]*$/i;

// name -> how many of its first letters another name begins with too, in whole parts of the name.
export function sharedStarts(names) {
  const sorted = [...names].sort();
  const shared = sorted.map((name, i) => Math.max(common(name, sorted[i - 1]), common(name, sorted[i + 1])));
  return new Map(sorted.map((name, i) => [name, name.slice(0, shared[i]).replace(PART, "").length]));
}

function common(name, other = "") {
  let length = 0;
  while (length < name.length && name[length] === other[length]) length += 1;
  return length;
}
