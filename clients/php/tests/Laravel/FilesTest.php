<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Client\Cognate;
use Cognate\Tests\Laravel\Models\Author;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\FilePair;
use PHPUnit\Framework\TestCase;

/** Files of two applications, on SQLite and PostgreSQL, through a hub that runs. */
final class FilesTest extends TestCase
{
    private static ?FilePair $pair = null;

    private static function pair(): FilePair
    {
        self::$pair ??= new FilePair();
        self::$pair->reachBy('socket');
        return self::$pair;
    }

    public static function tearDownAfterClass(): void
    {
        self::$pair?->hub->remove();
        self::$pair = null;
    }

    /** @return array<string, array{string}> */
    public function transports(): array
    {
        return ['gRPC over a socket' => ['socket'], 'gRPC over TCP with a key' => ['tcp'], 'plain HTTP through the gateway' => ['connect']];
    }

    /** @dataProvider transports */
    public function testFilesTravelBothWays(string $transport): void
    {
        $pair = self::pair();
        $pair->reachBy($transport);
        $small = FilePair::png("ada $transport", 40_000);
        $large = FilePair::png("bob $transport", 4_600_000);
        $pair->shop->in(static function () use ($pair, $transport, $small): void {
            Author::create([
                'name' => "Ada $transport",
                'avatar' => $pair->put($pair->shop, "uploads/ada $transport.png", $small),
                'pictures' => [$pair->put($pair->shop, "$transport-1.png", FilePair::png("1 $transport")), $pair->put($pair->shop, "$transport-2.png", FilePair::png("2 $transport"))],
                'scan' => $pair->put($pair->shop, "$transport.pdf", "%PDF-1.4\n%$transport\n", 'private'),
            ]);
        });
        $pair->blog->in(static fn () => Author::create(['name' => "Bob $transport", 'avatar' => $pair->put($pair->blog, "me-$transport.png", $large)]));
        $pair->settle();
        $there = $pair->content($pair->blog)["Ada $transport"];
        self::assertSame(strlen($small) . ' ' . hash('sha256', $small), $there['avatar']);
        self::assertCount(2, $there['pictures']);
        self::assertSame(strlen($large) . ' ' . hash('sha256', $large), $pair->content($pair->shop)["Bob $transport"]['avatar']);
        $avatar = (string) $pair->blog->database()->table('authors')->where('name', "Ada $transport")->value('avatar');
        self::assertStringContainsString('3 fields lead to files (authors.avatar, authors.pictures, authors.scan); large ones go by ' . ($transport === 'connect' ? 'tus' : 'calls'), $pair->shop->run('cognate:doctor'));
        self::assertMatchesRegularExpression("~^avatars/ada-$transport-[0-9a-f]{24}\\.png$~", $avatar);
        self::assertFileDoesNotExist($pair->root($pair->blog) . '/' . $pair->blog->database()->table('authors')->where('name', "Ada $transport")->value('scan'), 'a scan is nothing for the public disk');

        $pair->blog->in(static fn () => Author::where('name', "Ada $transport")->first()->update(['name' => "Ada L $transport"]));
        $pair->settle();
        self::assertSame("uploads/ada $transport.png", $pair->shop->database()->table('authors')->where('name', "Ada L $transport")->value('avatar'), 'its own path stays');
        self::assertSame($avatar, $pair->blog->database()->table('authors')->where('name', "Ada L $transport")->value('avatar'));
    }

    public function testAFileThatIsReplacedOrRemovedFollows(): void
    {
        $pair = self::pair();
        $pair->shop->in(static fn () => Author::create(['name' => 'Eve', 'avatar' => $pair->put($pair->shop, 'eve.png', FilePair::png('first'))]));
        $pair->settle();
        // Under its old name: it goes with the next change, or when all is compared.
        $pair->put($pair->shop, 'eve.png', FilePair::png('second', 300));
        $pair->shop->in(static fn () => Author::where('name', 'Eve')->first()->update(['name' => 'Eva']));
        $pair->settle();
        self::assertStringStartsWith('300 ', $pair->content($pair->blog)['Eva']['avatar']);
        $pair->put($pair->shop, 'eve.png', FilePair::png('third', 400));
        self::assertStringContainsString('1 changed', $pair->shop->run('cognate:push', '--all'));
        $pair->settle();
        self::assertStringStartsWith('400 ', $pair->content($pair->blog)['Eva']['avatar']);
        $pair->shop->in(static fn () => Author::where('name', 'Eva')->first()->update(['avatar' => $pair->put($pair->shop, 'another.png', FilePair::png('fourth', 500))]));
        $pair->settle();
        self::assertStringStartsWith('500 ', $pair->content($pair->blog)['Eva']['avatar']);
        $pair->shop->in(static fn () => Author::where('name', 'Eva')->first()->update(['avatar' => null]));
        $pair->settle();
        self::assertNull($pair->content($pair->blog)['Eva']['avatar']);
    }

    public function testARecordGoesBeforeItsFileIsThere(): void
    {
        $pair = self::pair();
        $pair->shop->in(static fn () => Author::create(['name' => 'Late', 'avatar' => 'late.png', 'pictures' => [$pair->put($pair->shop, 'early.png', FilePair::png('early')), 'later.png']]));
        $arrived = static fn (): bool => isset($pair->content($pair->blog)['Late']);
        $pair->until($arrived, 'the record is there');
        self::assertStringContainsString('late.png is not on the disk public', $pair->shop->run('cognate:status'));
        $pair->put($pair->shop, 'late.png', FilePair::png('late'));
        $pair->put($pair->shop, 'later.png', FilePair::png('later'));
        $pair->settle();
        self::assertSame(0, $pair->shop->database()->table('cognate_file_waits')->count());
        self::assertCount(2, $pair->content($pair->blog)['Late']['pictures']);
    }

    public function testWhatThisApplicationDoesNotAllowIsNeitherSentNorTaken(): void
    {
        $pair = self::pair();
        $pair->shop->in(static fn () => Author::create([
            'name' => 'Mallory',
            'avatar' => '../../../../../../../../etc/passwd',
            'pictures' => [$pair->put($pair->shop, 'shell.php.png', '<?php evil();'), $pair->put($pair->shop, 'fine.png', FilePair::png('fine'))],
            'scan' => $pair->put($pair->shop, 'large.pdf', '%PDF-1.4' . str_repeat(' ', 300_000), 'private'),
        ]));
        $pair->until(static fn (): bool => count($pair->content($pair->blog)['Mallory']['pictures'] ?? []) === 1, 'the record and what is allowed is there');
        self::assertSame([null, null], [$pair->content($pair->blog)['Mallory']['avatar'], $pair->content($pair->blog)['Mallory']['scan']]);
        $reasons = $pair->shop->database()->table('cognate_file_waits')->where('reason', '!=', 'FILE_NOT_THERE')->orderBy('id')->pluck('reason')->all();
        self::assertSame(['FILE_OUTSIDE_PLACE', 'FILE_TYPE_REFUSED', 'FILE_TOO_LARGE'], $reasons);
        $pair->shop->in(static fn () => Author::where('name', 'Mallory')->first()->delete());
        $pair->settle();
    }

    /** Workers die at any moment while files travel, COGNATE_PHP_FILE_KILLS of them: nothing is lost, and nothing of them is left. */
    public function testAWorkerMayDieWhileFilesTravel(): void
    {
        $pair = self::pair();
        $kills = (int) (getenv('COGNATE_PHP_FILE_KILLS') ?: 20);
        $seed = (int) (getenv('COGNATE_PHP_SEED') ?: random_int(1, 1_000_000));
        echo "\nCOGNATE_PHP_SEED=$seed\n";
        mt_srand($seed);
        $points = ['Write 1 before', 'Write 1 after', 'Write 2 after', 'Read 1 before', 'Read 2 after', 'Place 1 before', 'Place 1 after', 'BatchWrite 1 after', 'BatchRead 1 after', 'Missing 2 after', 'Capture 1 after', 'Report 1 before'];
        $made = [];
        $killed = $partial = 0;
        for ($round = 0; $killed < $kills && $round < $kills * 5; $round++) {
            $writer = mt_rand(0, 1) === 0 ? $pair->shop : $pair->blog;
            $victim = mt_rand(0, 1) === 0 ? $pair->shop : $pair->blog;
            $other = $victim === $pair->shop ? $pair->blog : $pair->shop;
            $content = FilePair::png("$seed $round", mt_rand(0, 2) === 0 ? 5_000 : 3_500_000 + mt_rand(0, 1000));
            $made["Killed $round"] = strlen($content) . ' ' . hash('sha256', $content);
            $writer->in(static fn () => Author::create(['name' => "Killed $round", 'avatar' => $pair->put($writer, "killed-$round.png", $content)]));
            $helper = $other->start('cognate:work', '--max-seconds=60', '--idle=0.05');
            $killed += $victim->workUntilKilled(mt_rand(0, 1) === 0 ? $points[mt_rand(0, count($points) - 1)] : 0.15 + 0.8 * mt_rand() / mt_getrandmax(), 1.2) ? 1 : 0;
            proc_terminate($helper);
            proc_close($helper);
            $partial += count($pair->partial());
        }
        $pair->settle();
        $lost = 0;
        foreach ($made as $name => $content) {
            foreach ([$pair->shop, $pair->blog] as $site) {
                $lost += ($pair->content($site)[$name]['avatar'] ?? '') === $content ? 0 : 1;
            }
        }
        $rows = $pair->shop->database()->table('authors')->where('name', 'like', 'Killed %')->count();
        $drafts = count($pair->drafts());
        printf("\nfigure php.files_killed kills=%d files=%d seed=%d lost=%d doubled=%d partial=%d drafts=%d\n", $killed, count($made), $seed, $lost, $rows - count($made), $partial, $drafts);
        self::assertSame([0, count($made), 0, 0], [$lost, $rows, $partial, $drafts], $pair->difference());
        self::assertGreaterThanOrEqual($kills, $killed);
    }

    /**
     * @testWith ["socket"]
     *           ["connect"]
     */
    public function testALargeFileTakesAFewPiecesOfMemory(string $transport): void
    {
        $pair = self::pair();
        $pair->reachBy($transport);
        $name = "Large $transport";
        $bytes = 64 << 20;
        $file = $pair->put($pair->shop, "large-$transport.png", FilePair::png($name));
        $stream = fopen($pair->root($pair->shop) . "/$file", 'ab');
        for ($i = 1; $i <= 64; $i++) {
            fwrite($stream, str_repeat(hash('sha512', "$name $i", true), 1 << 14));
        }
        ftruncate($stream, $bytes);
        fclose($stream);
        $pair->shop->in(static fn () => Author::create(['name' => $name, 'avatar' => $file]));
        $peaks = [];
        $began = microtime(true);
        foreach ([$pair->shop, $pair->blog] as $site) {
            $peaks[$site->platform] = "{$pair->hub->directory}/$site->platform.peak";
            $workers[] = $site->startWith(['PEAK' => $peaks[$site->platform]], 'cognate:work', '--max-seconds=600', '--idle=0.1');
        }
        $hub = Cognate::connect(['address' => $pair->hub->socket])->contents('shop');
        $hash = (string) hash_file('sha256', $pair->root($pair->shop) . "/$file");
        Eventually::is(static fn (): bool => $hub->has([$hash])[$hash], 'the hub has it', $pair->difference(...));
        Eventually::is(static fn (): bool => str_starts_with((string) ($pair->content($pair->blog)[$name]['avatar'] ?? ''), "$bytes "), 'it has arrived', $pair->difference(...));
        $seconds = microtime(true) - $began;
        foreach ($workers as $worker) {
            proc_terminate($worker);
        }
        foreach ($workers as $worker) {
            proc_close($worker);
        }
        $peak = array_map(static fn (string $path): int => intdiv((int) file_get_contents($path), 1 << 20), $peaks);
        printf("\nfigure php.files transport=%s file_mib=64 sender_mib=%d receiver_mib=%d seconds=%.1f\n", $transport, $peak['shop'], $peak['blog'], $seconds);
        self::assertSame($pair->content($pair->shop)[$name], $pair->content($pair->blog)[$name]);
        self::assertLessThan(48, max($peak));
        $pair->shop->in(static fn () => Author::where('name', $name)->first()->delete());
        unlink($pair->root($pair->shop) . "/$file");
    }

    public function testASaveLooksAtNoFile(): void
    {
        $pair = self::pair();
        $file = $pair->root($pair->shop) . '/huge.png';
        $stream = fopen($file, 'cb');
        ftruncate($stream, 2 << 30);
        fclose($stream);
        [$with, $without] = $pair->shop->in(static function (): array {
            $times = ['huge.png' => [], 'null' => []];
            $author = Author::create(['name' => 'Huge']);
            for ($i = 0; $i < 50; $i++) {
                foreach (array_keys($times) as $avatar) {
                    $author->avatar = $avatar === 'null' ? null : $avatar;
                    $author->name = "Huge $i $avatar";
                    $start = hrtime(true);
                    $author->save();
                    $times[$avatar][] = (hrtime(true) - $start) / 1e6;
                }
            }
            array_walk($times, static fn (array &$some) => sort($some));
            $author->delete();
            return [$times['huge.png'], $times['null']];
        });
        printf("\nfigure php.files_save file_mib=2048 median_ms=%.2f without_ms=%.2f\n", $with[25], $without[25]);
        self::assertSame(0, $pair->shop->database()->table('cognate_files')->where('path', 'huge.png')->count(), 'the worker reads it, and no save');
        $pair->shop->database()->table('cognate_outbox')->delete();
        unlink($file);
    }
}
