/** What a customer reads for the codes that end an order. */
const words: Record<string, string> = {
  "inventory.insufficient_stock": "the product is not in stock in the quantity you asked for.",
  "product.not_found": "we no longer sell this product.",
  "payment.declined": "your payment was declined.",
  "payment.insufficient_funds": "your account did not hold enough money.",
  "payment.token_unknown": "we could not recognise your means of payment.",
  "payment.provider_error": "our payment provider could not be reached.",
  "shipping.destination_refused": "our carrier does not deliver to your address.",
  "shipping.no_capacity": "our carrier has no capacity left.",
  "order.cancelled": "it took longer than we allow, so we cancelled it.",
  "peer.timeout": "one of our systems did not answer in time.",
  "peer.unavailable": "one of our systems was not available.",
};

/**
 * The `reason` of saga.failed in words for a customer. It begins with an error code; what follows the code,
 * and any code not listed, is for us and not for them.
 */
export function reasonInWords(reason: string): string {
  const code = /^[a-z]+\.[a-z_]+/.exec(reason)?.[0] ?? "";
  return words[code] ?? "something went wrong on our side.";
}
