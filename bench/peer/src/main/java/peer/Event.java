package peer;

/** One action, as the peer's input topic carries it: key user, value "id,item,weight,time_ms". */
record Event(String id, String item, double weight, long timeMs) {
    /** Parses a value; null when it is none. */
    static Event parse(String text) {
        int a = text.indexOf(',');
        int b = text.indexOf(',', a + 1);
        int c = text.indexOf(',', b + 1);
        if (a < 0 || b < 0 || c < 0) {
            return null;
        }
        return new Event(text.substring(0, a), text.substring(a + 1, b),
                Double.parseDouble(text.substring(b + 1, c)), Long.parseLong(text.substring(c + 1)));
    }
}
