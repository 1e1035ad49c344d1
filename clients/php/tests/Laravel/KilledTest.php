<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Tests\Laravel\Support\Account;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\Pair;
use PHPUnit\Framework\TestCase;

/**
 * Workers die at any moment, and several work at once, between two applications that write: nothing is lost, and nothing is there twice.
 *
 * COGNATE_PHP_KILLS is how many die: half of them at points between two calls, the others at moments of which COGNATE_PHP_SEED decides.
 */
final class KilledTest extends TestCase
{
    private const POINTS = ['Report 1 before', 'Report 1 after', 'Report 2 before', 'Pull 1 after', 'Capture 1 before', 'Capture 1 after'];

    public function testAWorkerMayDieAtAnyMoment(): void
    {
        $pair = new Pair();
        $kills = (int) (getenv('COGNATE_PHP_KILLS') ?: 20);
        $seed = (int) (getenv('COGNATE_PHP_SEED') ?: random_int(1, 1_000_000));
        echo "\nCOGNATE_PHP_SEED=$seed\n";
        mt_srand($seed);
        $made = [];
        $killed = ['points' => 0, 'moments' => 0];
        for ($round = 0; array_sum($killed) < $kills; $round++) {
            $writer = $round % 2 === 0 ? $pair->shop : $pair->blog;
            $made[] = $writer->wrote($writer->write(1000 + $round, 8));
            $site = mt_rand(0, 1) === 0 ? $pair->shop : $pair->blog;
            $other = $site === $pair->shop ? $pair->blog : $pair->shop;
            $start = hrtime(true);
            $other->run('cognate:work', '--max-seconds=0');
            $turn = (hrtime(true) - $start) / 1e9;
            $how = $killed['points'] <= $killed['moments'] ? 'points' : 'moments';
            // Half of the points are right between what is written and its report; the moments lie within as long as a run takes here.
            $point = self::POINTS[mt_rand(0, 1) === 0 ? 0 : mt_rand(1, count(self::POINTS) - 1)];
            $moment = $turn * (0.2 + 0.8 * mt_rand() / mt_getrandmax());
            $killed[$how] += $site->workUntilKilled($how === 'points' ? $point : $moment) ? 1 : 0;
        }
        $pair->settle();
        $account = new Account($pair, $made);
        $all = array_sum($killed);
        echo "\nfigure php.killed kills=$all at_points={$killed['points']} at_moments={$killed['moments']} seed=$seed lost=$account->lost doubled=$account->doubled differing=$account->differing\n";
        self::assertSame([0, 0, 0], [$account->lost, $account->doubled, $account->differing], $pair->difference());
        $pair->hub->remove();
    }

    public function testTwoWorkersOnEachSideDoNoHarm(): void
    {
        $pair = new Pair();
        $workers = [];
        foreach (['one', 'another'] as $name) {
            foreach ([$pair->shop, $pair->blog] as $site) {
                $workers[] = $site->startWith(['WORKER' => $name], 'cognate:work', '--max-seconds=600', '--idle=0.1');
            }
        }
        $writers = [$pair->shop->write(1, 150, 2000), $pair->blog->write(2, 150, 2000)];
        $made = [$pair->shop->wrote($writers[0]), $pair->blog->wrote($writers[1])];
        Eventually::is(static fn (): bool => $pair->isEqual(), 'both sides hold the same', static fn (): string => $pair->difference() . $pair->shop->log() . $pair->blog->log());
        foreach ($workers as $worker) {
            self::assertTrue(proc_get_status($worker)['running'], $pair->shop->log() . $pair->blog->log());
            proc_terminate($worker);
            proc_close($worker);
        }
        $account = new Account($pair, $made);
        echo "\nfigure php.two_workers lost=$account->lost doubled=$account->doubled differing=$account->differing\n";
        self::assertSame([0, 0, 0], [$account->lost, $account->doubled, $account->differing], $pair->difference());
        $pair->hub->remove();
    }
}
