<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\Account;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\HubProcess;
use Cognate\Tests\Laravel\Support\Pair;
use PHPUnit\Framework\TestCase;

/**
 * Two applications, on SQLite and PostgreSQL, with ids of their own, through a hub that runs.
 *
 * COGNATE_PHP_KILLS and COGNATE_PHP_WRITES make it longer.
 */
final class TwoWayTest extends TestCase
{
    private ?Pair $pair = null;

    protected function tearDown(): void
    {
        $this->pair?->hub->remove();
        $this->pair = null;
    }

    /** @return array<string, array{string}> */
    public function transports(): array
    {
        return ['gRPC over a socket' => ['socket'], 'gRPC over TCP with a key' => ['tcp'], 'plain HTTP through the gateway' => ['connect']];
    }

    /** @dataProvider transports */
    public function testTwoApplicationsThatWriteAtOnceEndWithTheSame(string $transport): void
    {
        $this->pair = $pair = $this->pairOver($transport);
        $writes = (int) (getenv('COGNATE_PHP_WRITES') ?: 150);
        $workers = [$pair->shop->start('cognate:work', '--max-seconds=600', '--idle=0.1'), $pair->blog->start('cognate:work', '--max-seconds=600', '--idle=0.1')];
        $writers = [$pair->shop->write(1, $writes, 2000), $pair->blog->write(2, $writes, 2000)];
        $made = [$pair->shop->wrote($writers[0]), $pair->blog->wrote($writers[1])];
        Eventually::is(static fn (): bool => $pair->isEqual(), 'both sides hold the same', static fn (): string => $pair->difference() . $pair->shop->log() . $pair->blog->log());
        foreach ($workers as $worker) {
            proc_terminate($worker);
            proc_close($worker);
        }
        $account = new Account($pair, $made);
        $records = array_sum(array_map('count', $pair->shop->content()));
        echo "\nfigure php.two_way transport=$transport records=$records lost=$account->lost doubled=$account->doubled differing=$account->differing\n";
        self::assertSame([0, 0, 0], [$account->lost, $account->doubled, $account->differing], $pair->difference());
        self::assertStringNotContainsString('geheim', $pair->shop->log() . $pair->blog->log());
        self::assertSame(0, $pair->blog->database()->table('users')->where('password', 'geheim')->where('email', 'like', 'shop-%')->count(), 'what is hidden stays');
    }

    public function testAWorkerMayDieAtAnyMoment(): void
    {
        $this->pair = $pair = new Pair();
        $kills = (int) (getenv('COGNATE_PHP_KILLS') ?: 15);
        $points = ['Report 1 before', 'Report 1 after', 'Report 2 before', 'Pull 1 after', 'Capture 1 before', 'Capture 1 after'];
        $made = [];
        mt_srand(7);
        for ($killed = 0, $round = 0; $killed < $kills; $round++) {
            $made[] = $pair->shop->wrote($pair->shop->write(1000 + $round, 6));
            $made[] = $pair->blog->wrote($pair->blog->write(1000 + $round, 6));
            // Half of them right between what is written and its report.
            $point = mt_rand(0, 1) === 0 ? $points[0] : $points[mt_rand(1, count($points) - 1)];
            $site = mt_rand(0, 1) === 0 ? $pair->shop : $pair->blog;
            $other = $site === $pair->shop ? $pair->blog : $pair->shop;
            $other->run('cognate:work', '--max-seconds=0');
            $killed += $site->workUntilKilled($point) ? 1 : 0;
        }
        $pair->settle();
        $account = new Account($pair, $made);
        echo "\nfigure php.killed kills=$killed lost=$account->lost doubled=$account->doubled differing=$account->differing\n";
        self::assertSame([0, 0, 0], [$account->lost, $account->doubled, $account->differing], $pair->difference());
    }

    public function testClocksAnHourApartLoseNothingAndTheLaterEditStays(): void
    {
        $this->pair = $pair = new Pair();
        $pair->blog->php = ['faketime', '-f', '+3600', PHP_BINARY];
        $made = [$pair->shop->wrote($pair->shop->write(1, 40)), $pair->blog->wrote($pair->blog->write(2, 40))];
        $pair->settle();
        $made[] = $pair->blog->wrote($pair->blog->write(3, 40));
        $made[] = $pair->shop->wrote($pair->shop->write(4, 40));
        $pair->settle();
        $account = new Account($pair, $made);
        self::assertSame([0, 0, 0], [$account->lost, $account->doubled, $account->differing], $pair->difference());
        self::assertMatchesRegularExpression('/blog\s+AGENT.*1h ahead/', $pair->hub->cognate('status'));
    }

    public function testAnImportOfAThousandRowsInOneTransactionArrivesAsAWholeOrNotAtAll(): void
    {
        $this->pair = $pair = new Pair();
        $import = static function (string $prefix, bool $fails): void {
            User::query()->getConnection()->transaction(static function () use ($prefix, $fails): void {
                for ($i = 0; $i < 1000; $i++) {
                    User::create(['name' => "$prefix $i", 'email' => "$prefix-$i@example.org"]);
                }
                if ($fails) {
                    throw new \RuntimeException('row 1001 is broken');
                }
            });
        };
        try {
            $pair->shop->in(static fn () => $import('broken', true));
            self::fail('the import has failed');
        } catch (\RuntimeException) {
            self::assertSame(0, $pair->shop->pending());
        }
        $pair->shop->in(static fn () => $import('row', false));
        self::assertSame(1000, $pair->shop->pending());
        $pair->settle();
        self::assertSame(1000, $pair->blog->database()->table('users')->count());
        self::assertSame(1000, $pair->blog->database()->table('users')->distinct()->count('name'));
    }

    public function testWhileTheHubIsDownEverythingIsSavedAndArrivesLater(): void
    {
        // The applications' PostgreSQL stays while the hub goes.
        $databases = new HubProcess(['blog']);
        $databases->start();
        $hub = new HubProcess([]);
        $this->pair = $pair = new Pair($hub, null, [], $databases);
        $made = [$pair->shop->wrote($pair->shop->write(1, 30)), $pair->blog->wrote($pair->blog->write(2, 30))];
        $pair->settle();
        $up = [$this->overhead($pair, 'shop'), $this->overhead($pair, 'blog')];
        $pair->settle();
        $hub->stop(SIGKILL);
        $down = [$this->overhead($pair, 'shop'), $this->overhead($pair, 'blog')];
        $made[] = $pair->shop->wrote($pair->shop->write(3, 30));
        $made[] = $pair->blog->wrote($pair->blog->write(4, 30));
        $pair->shop->app->artisan('cognate:status', [], $said);
        self::assertStringContainsString('cannot be reached', $said);
        foreach (['sqlite', 'postgres'] as $place => $name) {
            printf("\nfigure php.save_overhead database=%s hub=up p99_ms=%.2f median_ms=%.2f\n", $name, ...$up[$place]);
            printf("figure php.save_overhead database=%s hub=down p99_ms=%.2f median_ms=%.2f\n", $name, ...$down[$place]);
        }
        $hub->start();
        $pair->settle();
        $account = new Account($pair, $made);
        self::assertSame([0, 0, 0], [$account->lost, $account->doubled, $account->differing], $pair->difference());
        $databases->remove();
    }

    public function testDeletesTravelBothWaysAndComeBack(): void
    {
        $this->pair = $pair = new Pair();
        $pair->shop->in(static fn () => Post::create(['title' => 'One'])->tags()->create(['name' => 'a']));
        $pair->settle();
        $pair->blog->in(static fn () => Post::first()->delete());
        $pair->settle();
        self::assertSame(0, $pair->shop->in(static fn (): int => Post::count()));
        $pair->blog->in(static fn () => Post::withTrashed()->first()->restore());
        $pair->settle();
        self::assertSame(['One'], $pair->shop->in(static fn (): array => Post::pluck('title')->all()));
        self::assertSame(1, $pair->shop->in(static fn (): int => Post::withTrashed()->count()), 'the same row');
        $pair->shop->in(static fn () => Post::first()->tags()->detach());
        $pair->settle();
        self::assertSame(0, $pair->blog->database()->table('post_tag')->count());
    }

    /** @return array{float, float} what the 99th of 100 saves, and the middle one, cost more with the trait, in milliseconds */
    private function overhead(Pair $pair, string $side): array
    {
        $site = $side === 'shop' ? $pair->shop : $pair->blog;
        $worker = $site->start('cognate:work', '--max-seconds=60', '--idle=0.1');
        $times = $site->in(static function () use ($site): array {
            $schema = $site->database()->getSchemaBuilder();
            if (!$schema->hasTable('plain')) {
                $schema->create('plain', static function ($table): void {
                    $table->id();
                    $table->string('name', 100);
                    $table->timestamps();
                });
                $site->database()->table('plain')->insert(['name' => 'x']);
            }
            $user = User::first();
            $plain = (new Models\Foreign())->setTable('plain')->newQuery()->first();
            $rounds = [];
            for ($round = 0; $round < 5; $round++) {
                $times = ['with' => [], 'without' => []];
                for ($i = 0; $i < 200; $i++) {
                    foreach (['with' => $user, 'without' => $plain] as $how => $model) {
                        $model->name = "$site->platform $how $round $i";
                        $start = hrtime(true);
                        $model->save();
                        $times[$how][] = (hrtime(true) - $start) / 1e6;
                    }
                    usleep(200);
                }
                sort($times['with']);
                sort($times['without']);
                $rounds['p99'][] = $times['with'][197] - $times['without'][197];
                $rounds['median'][] = $times['with'][100] - $times['without'][100];
            }
            return $rounds;
        });
        proc_terminate($worker);
        proc_close($worker);
        // Of five rounds the middle one: the machine has others to serve.
        sort($times['p99']);
        sort($times['median']);
        return [$times['p99'][2], $times['median'][2]];
    }

    private function pairOver(string $transport): Pair
    {
        if ($transport === 'socket') {
            return new Pair();
        }
        $help = (string) shell_exec(escapeshellarg(HubProcess::binary()) . ' up --help');
        if ($transport === 'connect' && !str_contains($help, '--http=')) {
            self::markTestSkipped('this hub has no gateway');
        }
        $hub = new HubProcess(['blog'], $transport === 'tcp' ? ['--listen=SOCKET,127.0.0.1:0', '--plaintext'] : ['--http=127.0.0.1:0']);
        return new Pair($hub, static function (string $platform) use ($hub, $transport): array {
            $hub->cognate('key', 'create', '--role', 'platform', '--platform', $platform, '--display-name', $platform, '--out', "$hub->directory/$platform.key");
            return ['address' => $hub->address($transport), 'key_file' => "$hub->directory/$platform.key", 'transport' => $transport === 'tcp' ? 'grpc' : 'connect'];
        });
    }
}
