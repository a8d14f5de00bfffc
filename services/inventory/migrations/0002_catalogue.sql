-- Ample stock, so that a load test does not run dry. `limited-print` is for orders that compete, and
-- `retired-roaster` has none left.
insert into products (id, name, description, price_cents, available, supplied)
select id, name, description, price_cents, stock, stock
from (values
  ('aeropress', 'AeroPress', 'Press for one cup, with 350 paper filters', 3490, 1000000),
  ('barista-apron', 'Barista apron', 'Waxed cotton, two pockets, one size', 4500, 1000000),
  ('beans-decaf', 'Decaf beans', 'Swiss water process, 500 g', 1290, 1000000),
  ('beans-espresso', 'Espresso beans', 'Dark roast of two origins, 1 kg', 2190, 1000000),
  ('beans-filter', 'Filter beans', 'Light roast, single origin, 500 g', 1490, 1000000),
  ('burr-grinder', 'Burr grinder', 'Conical steel burrs, 40 settings', 18900, 1000000),
  ('cold-brew-tower', 'Cold brew tower', 'Borosilicate glass, one litre in eight hours', 24900, 1000000),
  ('cup-set', 'Cup set', 'Six porcelain cups with saucers, 90 ml', 5400, 1000000),
  ('descaler', 'Descaler', 'Citric acid, enough for ten runs', 890, 1000000),
  ('digital-scale', 'Digital scale', '0.1 g resolution, with timer', 3990, 1000000),
  ('espresso-machine', 'Espresso machine', 'Dual boiler, 9 bar, 58 mm portafilter', 79900, 1000000),
  ('filter-papers', 'Filter papers', 'Size 02, unbleached, 100 pieces', 590, 1000000),
  ('french-press', 'French press', 'Double-walled steel, one litre', 4290, 1000000),
  ('gift-card', 'Gift card', 'Worth 50 EUR in any coffee bar of ours', 5000, 1000000),
  ('gooseneck-kettle', 'Gooseneck kettle', 'Electric, holds its temperature to one degree', 12900, 1000000),
  ('knock-box', 'Knock box', 'For used coffee, with rubber bar', 2290, 1000000),
  ('limited-print', 'Limited print', 'Risograph of a coffee plant, numbered and signed', 12000, 3),
  ('milk-frother', 'Milk frother', 'Induction, hot and cold foam', 8900, 1000000),
  ('milk-jug', 'Milk jug', 'Stainless steel, 350 ml, sharp spout', 1990, 1000000),
  ('moka-pot', 'Moka pot', 'Aluminium, six cups', 2990, 1000000),
  ('pour-over-dripper', 'Pour-over dripper', 'Ceramic, size 02', 2490, 1000000),
  ('retired-roaster', 'Home roaster', 'Drum roaster for 250 g; no longer made', 34900, 0),
  ('tamper', 'Tamper', 'Steel base of 58 mm, walnut handle', 3290, 1000000),
  ('travel-mug', 'Travel mug', 'Keeps 400 ml hot for six hours', 2790, 1000000)
) as catalogue (id, name, description, price_cents, stock);
