<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress;

use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\WordPress\Support\Content;
use Cognate\Tests\WordPress\Support\Pair;
use Cognate\Tests\WordPress\Support\Picture;
use Cognate\Tests\WordPress\Support\Proxy;
use Cognate\Tests\WordPress\Support\Site;
use PHPUnit\Framework\TestCase;

/** What goes wrong with files, and what all else does meanwhile. */
final class FileTroublesTest extends TestCase
{
    private const FILES = '/cognate.v1.FileTransferService/';
    private static ?Proxy $between = null;
    private Pair $pair;
    private Proxy $proxy;

    protected function setUp(): void
    {
        $this->pair = Pair::shared();
        $this->proxy = self::$between ??= new Proxy($this->pair->alpha, $this->pair->hub->address('connect'));
        $this->proxy->fail();
    }

    public static function tearDownAfterClass(): void
    {
        self::$between?->leave();
        self::$between = null;
    }

    /** @return array<string, array{array<string, mixed>}> */
    public function obstacles(): array
    {
        return [
            'file-transfer is away' => [['path' => self::FILES, ...Proxy::error(503, 'unavailable', 'FILES_UNAVAILABLE')]],
            'its store is full' => [['path' => self::FILES . 'BatchWrite', ...Proxy::error(429, 'resource_exhausted', 'STORE_FULL')]],
        ];
    }

    /**
     * @dataProvider obstacles
     * @param array<string, mixed> $obstacle
     */
    public function testRecordsTravelWhileNoFileCan(array $obstacle): void
    {
        $name = 'Meanwhile ' . md5((string) json_encode($obstacle));
        $this->proxy->fail($obstacle);
        Picture::attach($this->pair->alpha, "$name.txt", "'$name'");
        self::publish($this->pair->alpha, "$name, from here");
        self::publish($this->pair->beta, "$name, from there");
        $this->until(fn (): bool => self::has($this->pair->alpha, "$name, from there") && self::has($this->pair->beta, "$name, from here"), 'both posts are on the other side');
        self::assertNotSame([], $this->proxy->asked('~FAILED~'));
        $this->proxy->fail();
        $this->pair->settle();
    }

    public function testALargeFileKeepsNoRecordWaiting(): void
    {
        Picture::attach($this->pair->alpha, 'long.gz', 'gzencode(random_bytes(13 << 20), 0)');
        Eventually::is(function (): bool {
            $this->pair->alpha->cognateWith(['SLICE' => '0.05'], 'work', '--seconds=0', '--idle=0.1');
            return count($this->proxy->asked('~^PATCH ~')) >= 5;
        }, 'it is sent', fn (): string => $this->pair->difference());
        $asked = array_map(static fn (string $line): string => strtok($line, ' ') . ' ' . basename((string) strtok(' ')), $this->proxy->asked('~^PATCH |/Pull |/Capture ~'));
        $asked = array_values(preg_grep('/PATCH|Pull/', $asked) ?: []);
        $first = array_search('PATCH', array_map(static fn (string $line): string => strtok($line, ' '), $asked), true);
        self::assertStringStartsWith('POST Pull', $asked[$first + 1], implode("\n", $asked));
        $this->pair->settle();
    }

    public function testALargeFileThatIsNotTakenKeepsNoOtherOneWaiting(): void
    {
        $this->proxy->fail(
            ['path' => self::FILES . 'BatchWrite', 'times' => 2, ...Proxy::error(503, 'unavailable', 'STORE_UNAVAILABLE')],
            ['verb' => 'POST', 'path' => '/files/tus', ...Proxy::error(507, 'resource_exhausted', 'UPLOAD_QUOTA_EXCEEDED')],
        );
        Picture::attach($this->pair->alpha, 'over.gz', 'gzencode(random_bytes(2 << 20), 0)');
        $this->pair->alpha->cognate('work', '--seconds=0', '--idle=0.1');
        Picture::attach($this->pair->alpha, 'small.txt', "'small beside a large one'");
        $this->until(fn (): bool => self::attachment($this->pair->beta, 'small.txt') !== null, 'the small one is there');
        self::assertNull(self::attachment($this->pair->beta, 'over.gz'));
        self::assertNotSame([], $this->proxy->asked('~POST /files/tus FAILED~'));
        $this->proxy->fail();
        $this->pair->settle();
    }

    public function testWhatWillNeverBeTakenIsTold(): void
    {
        $this->proxy->fail(['verb' => 'POST', 'path' => '/files/tus', ...Proxy::error(413, 'resource_exhausted', 'UPLOAD_TOO_LARGE')]);
        $id = Picture::attach($this->pair->alpha, 'huge.gz', 'gzencode(random_bytes(2 << 20), 0)');
        $this->untilTrouble('UPLOAD_TOO_LARGE');
        $this->proxy->fail();
        $this->pair->alpha->php("wp_delete_attachment($id, true);");
        $this->pair->settle();
    }

    public function testWhatIsGoneBeforeItIsSentIsToldAndHidesNothing(): void
    {
        $away = ['path' => self::FILES . 'BatchWrite', ...Proxy::error(503, 'unavailable', 'STORE_UNAVAILABLE')];
        // Page by page, so that those which are gone are a page of their own.
        $this->proxy->fail($away, ['path' => self::FILES . 'Missing', 'replace' => ['/"pageSize":"?\d+"?/', '"pageSize":1']]);
        $gone = [];
        foreach (range(1, 4) as $number) {
            $gone[] = Picture::attach($this->pair->alpha, "gone-$number.txt", "'gone $number'");
        }
        Picture::attach($this->pair->alpha, 'stays.txt', "'this one stays'");
        $this->pair->alpha->cognate('work', '--seconds=0', '--idle=0.1');
        array_map('unlink', glob("{$this->pair->alpha->content}/uploads/gone-*.txt") ?: []);
        $this->proxy->fail(['path' => self::FILES . 'Missing', 'replace' => ['/"pageSize":"?\d+"?/', '"pageSize":1']]);
        $this->until(fn (): bool => self::attachment($this->pair->beta, 'stays.txt') !== null, 'what is there is there');
        $this->untilTrouble('FILE_NOT_THERE', 4);
        $this->pair->alpha->php('array_map(static fn ($id) => wp_delete_attachment($id, true), ' . json_encode($gone) . ');');
        $this->proxy->fail();
        $this->pair->settle();
    }

    public function testWhatWasReplacedBeforeItIsSentIsCapturedAnew(): void
    {
        $this->proxy->fail(['path' => self::FILES . 'BatchWrite', ...Proxy::error(503, 'unavailable', 'STORE_UNAVAILABLE')]);
        Picture::attach($this->pair->alpha, 'draft.txt', "'the first words'");
        $this->pair->alpha->cognate('work', '--seconds=0', '--idle=0.1');
        file_put_contents("{$this->pair->alpha->content}/uploads/draft.txt", 'other words altogether');
        $this->proxy->fail();
        $this->until(fn (): bool => self::attachment($this->pair->beta, 'draft.txt') === 'other words altogether', 'the words of now are there');
        $this->pair->settle();
    }

    public function testAFileThatWasLostHereIsBroughtAgain(): void
    {
        Picture::attach($this->pair->beta, 'kept.txt', "'kept by one of two'");
        $this->pair->settle();
        [$path] = glob("{$this->pair->alpha->content}/uploads/cognate/kept-*.txt");
        unlink($path);
        $this->pair->beta->php("wp_update_post(['ID' => get_page_by_title('kept.txt', OBJECT, 'attachment')->ID, 'post_excerpt' => 'another caption']);");
        $this->proxy->fail();
        $this->until($this->pair->isEqual(...), 'both sites hold the same');
        self::assertStringEqualsFile($path, 'kept by one of two');
        $said = implode("\n", $this->proxy->asked('~FileTransferService/Place .*FILE_NOT_THERE~'));
        self::assertStringContainsString('"retryDelay":"0s"', $said);
        self::assertStringContainsString('"path":"cognate\/kept-', str_replace('"path":"cognate/', '"path":"cognate\/', $said));
    }

    public function testAFileIsOnItsDiskBeforeItHasItsName(): void
    {
        $log = "{$this->pair->alpha->file}.syncs";
        Picture::attach($this->pair->beta, 'synced.txt', "'a small one'");
        Picture::attach($this->pair->beta, 'synced.gz', 'gzencode(random_bytes(2 << 20), 0)');
        Eventually::is(function () use ($log): bool {
            $this->pair->beta->cognate('work', '--seconds=0', '--idle=0.1');
            $this->pair->alpha->cognateWith(['SYNCS' => $log], 'work', '--seconds=0', '--idle=0.1');
            return substr_count((string) @file_get_contents($log), 'rename') >= 2;
        }, 'both are there', fn (): string => $this->pair->difference());
        $synced = [];
        foreach (file($log, FILE_IGNORE_NEW_LINES) ?: [] as $line) {
            [$what, $file] = explode(' ', $line, 2);
            $what === 'sync' ? $synced[$file] = true : self::assertArrayHasKey($file, $synced, "$file got its name and is not synced");
        }
        $this->pair->settle();
    }

    private function until(\Closure $condition, string $what): void
    {
        Eventually::is(function () use ($condition): bool {
            array_map(Site::ended(...), [$this->pair->alpha->begin('work', '--seconds=0', '--idle=0.1'), $this->pair->beta->begin('work', '--seconds=0', '--idle=0.1')]);
            return $condition();
        }, $what, fn (): string => $this->pair->difference() . implode("\n", $this->proxy->asked()));
        $this->addToAssertionCount(1);
    }

    private function untilTrouble(string $reason, int $count = 1): void
    {
        $this->until(fn (): bool => substr_count($this->pair->hub->cognate('troubles', 'list'), $reason) >= $count, "$reason is known to the hub");
    }

    private static function publish(Site $site, string $title): void
    {
        $site->php("wp_insert_post(['post_title' => '$title', 'post_content' => 'x', 'post_status' => 'publish']);");
    }

    private static function has(Site $site, string $title): bool
    {
        return $site->rows("SELECT 1 FROM {posts} WHERE post_title = '$title'") !== [];
    }

    /** @return string|null what its file holds */
    private static function attachment(Site $site, string $title): ?string
    {
        $rows = $site->rows("SELECT m.meta_value FROM {posts} p JOIN {postmeta} m ON m.post_id = p.ID AND m.meta_key = '_wp_attached_file' WHERE p.post_title = '$title'");
        return $rows === [] ? null : (string) file_get_contents("$site->content/uploads/{$rows[0]['meta_value']}");
    }
}
