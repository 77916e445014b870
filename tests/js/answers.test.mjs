// What is typed into the fields of a page: how numbers are read, and where a verdict is looked up.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const source = readFileSync(new URL("../../course_utils/making/book/answers.js", import.meta.url), "utf8");
const { judge, number } = new Function("document", `${source}; return answers;`)({ querySelectorAll: () => [] });

test("a number is read as the notebook reads it", () => {
  const texts = { "0.5": 0.5, ".5": 0.5, "5.": 5, " 1/2 ": 0.5, "50%": 0.5, "−0.5": -0.5, "+2": 2, "1,000": 1000, "-1,234,567.5": -1234567.5, "1e-3": 0.001, "2E3": 2000, "1e−3": 0.001, "−1/−4": 0.25 };
  for (const [text, value] of Object.entries(texts)) assert.equal(number(text), value, text);
});

test("what is no number is none", () => {
  for (const text of ["", "-", "1/", "/1", "1/0", "1/2/3", "1,5", "1,00", "1 000", "0x10", "Infinity", "1e999", "e3", "two"]) assert.ok(Number.isNaN(number(text)), text);
});

test("the first box that holds an answer counts, and the first field that is wrong", () => {
  const pair = { count: 2, form: 1, boxes: [[1, 1, 2, 2, 0], [1, 3, 2, 2, 2], [null, null, null, null, 3]] };
  const table = { words: ["Good.", "A pair, not {}.", "Near: {0}.", "Far: {1}."], fields: [pair, { told: { yes: 0, no: 2 } }] };
  assert.deepEqual(judge(table, ["1, 2", "yes"]), ["Right.", "Good."]);
  assert.deepEqual(judge(table, ["(1,2)", "no"]), ["Not yet.", "Near: no."]);
  assert.deepEqual(judge(table, ["[2, 2]", "no"]), ["Not yet.", "Near: 2."]);
  assert.deepEqual(judge(table, ["1,000; 7", "yes"]), ["Not yet.", "Far: 7."]);
  assert.deepEqual(judge(table, ["1, 2, 3", "yes"]), ["Not yet.", "A pair, not 1, 2, 3."]);
  assert.equal(judge(table, ["1, 2", " "])[0], "Not attempted yet.");
  assert.deepEqual(judge({ ...table, lead: "{} of 2 right. " }, ["9, 9", "yes"]), ["Not yet.", "1 of 2 right. Far: 9."]);
});
