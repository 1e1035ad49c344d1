<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\WordPress\Support\Pair;
use PHPUnit\Framework\TestCase;

/**
 * Workers die at any moment between two sites that write: nothing is lost, and nothing is there twice. COGNATE_WORDPRESS_KILLS is how many
 * die, COGNATE_WORDPRESS_SEED decides where.
 */
final class KilledTest extends TestCase
{
    /** Before the report: what was written is not told. After the capture: what was taken is not known to be. */
    private const POINTS = ['Report 1 before', 'Report 1 before', 'Report 1 after', 'Capture 1 before', 'Capture 1 after', 'Pull 1 after', 'Place 1 before', 'Place 1 after', 'BatchWrite 1 after'];

    public function testAWorkerMayDieAtAnyMoment(): void
    {
        $pair = Pair::shared();
        $kills = (int) (getenv('COGNATE_WORDPRESS_KILLS') ?: 10);
        $seed = (int) (getenv('COGNATE_WORDPRESS_SEED') ?: random_int(1, 1_000_000));
        echo "\nCOGNATE_WORDPRESS_SEED=$seed\n";
        mt_srand($seed);
        $made = [];
        $killed = $betweenApplyAndReport = 0;
        for ($round = 0; $killed < $kills; $round++) {
            [$writer, $other] = $round % 2 === 0 ? [$pair->alpha, $pair->beta] : [$pair->beta, $pair->alpha];
            $made[] = $pair->write($writer, 1000 + $round, 7);
            $point = self::POINTS[$round < 4 ? 0 : mt_rand(0, count(self::POINTS) - 1)];
            $sends = str_starts_with($point, 'Capture') || str_starts_with($point, 'BatchWrite');
            if (!$sends) {
                $writer->cognate('work', '--seconds=0', '--idle=0.1');
            }
            if (($sends ? $writer : $other)->workUntilKilled($point)) {
                $killed++;
                $betweenApplyAndReport += $point === 'Report 1 before' ? 1 : 0;
            }
        }
        $pair->settle();
        $account = $pair->account($made);
        echo "\nfigure wordpress.killed kills=$killed between_apply_and_report=$betweenApplyAndReport seed=$seed lost={$account['lost']} doubled={$account['doubled']} differing={$account['differing']}\n";
        self::assertSame(['lost' => 0, 'doubled' => 0, 'differing' => 0], $account, $pair->difference());
    }
}
