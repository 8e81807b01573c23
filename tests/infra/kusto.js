// Reads queries with Microsoft's own parser of the Kusto language, against the tables that they may ask.
// Input: {"tables": {NAME: {COLUMN: TYPE}}, "queries": {NAME: TEXT}}. Output: {NAME: [what is wrong]}.
const path = require("path");
const library = path.join(__dirname, "../../tools/node_modules/@kusto/language-service-next");
require(path.join(library, "bridge.min.js"));
require(path.join(library, "Kusto.Language.Bridge.min.js"));
const { GlobalState, KustoCode, Symbols } = Kusto.Language;

function table(name, columns) {
  const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
  return Symbols.TableSymbol.From(`(${schema.join(", ")})`).WithName(name);
}

function wrongs(text, globals) {
  const found = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, index) => found.getItem(index).Message);
}

const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tables = Object.entries(input.tables).map(([name, columns]) => table(name, columns));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", tables));
const answers = Object.entries(input.queries).map(([name, text]) => [name, wrongs(text, globals)]);
console.log(JSON.stringify(Object.fromEntries(answers)));
