/** What an agent may do with a conversation as it stands. The server decides; this only hides what it would refuse. */

/** A set of: claim, takeOver, send, return, transfer, close, note, tag. */
export function allowed(row, me) {
  const may = (action) => me.actions.includes(action);
  const isMine = row.status === "agent" && row.agent?.id === me.agent.id;
  const isTheirs = row.status === "agent" && !isMine;
  const isFree = row.status === "waiting" || row.status === "bot";
  const mayAct = may("reply") && (isMine || (isTheirs && may("overrule")));
  const rules = {
    claim: may("claim") && isFree,
    takeOver: may("overrule") && may("claim") && isTheirs,
    send: may("reply") && (isMine || (may("claim") && isFree)),
    return: mayAct || (may("reply") && row.status === "waiting"),
    transfer: mayAct,
    close: mayAct || (may("reply") && isFree),
    note: may("reply"),
    tag: may("reply"),
  };
  return new Set(Object.keys(rules).filter((name) => rules[name]));
}

/** What a refusal means, in words; `row` is the newest. */
export function troubleWords(texts, { code, why }, row, me) {
  if (code !== "conflict") return texts.trouble[code] ?? texts.trouble.other;
  const { conflict } = texts;
  const isTaken = row?.status === "agent" && row.agent?.id !== me.agent.id;
  if (why === "capacity") return conflict.capacity("");
  if (isTaken) return conflict.holder(row.agent.name);
  if (why === "status") return conflict.status[row?.status] ?? conflict.other;
  return conflict[why === "version" ? "version" : "other"];
}
