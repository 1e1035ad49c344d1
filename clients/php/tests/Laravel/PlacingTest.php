<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Laravel\Events\FileFailed;
use Cognate\Laravel\Events\FilePlaced;
use Cognate\Laravel\Files\FilePaths;
use Cognate\Laravel\Files\FileTraffic;
use Cognate\Laravel\Puller;
use Cognate\Laravel\Pusher;
use Cognate\Tests\Laravel\Models\Author;
use Cognate\Tests\Laravel\Support\FileAppTestCase;
use Cognate\Tests\Laravel\Support\FilePair;
use Cognate\V1\PlacementState;

/** What comes from a hub that may say and send anything, and how it is put in place. */
final class PlacingTest extends FileAppTestCase
{
    public function testWhatIsNotWhatItsHashSaysIsNeverPutInPlace(): void
    {
        foreach (['small' => FilePair::png('x', 5000), 'large' => FilePair::png('y', 1_400_000)] as $size => $content) {
            $path = "avatars/$size-" . substr(hash('sha256', $content), 0, 24) . '.png';
            $this->hub->due($path, $content);
            $spoils = [
                'another byte' => static fn (string $all): string => substr($all, 0, -1) . '?',
                'too much' => static fn (string $all): string => $all . '?',
                'nothing' => static fn (string $all): string => '',
            ];
            foreach ($spoils as $how => $spoil) {
                $this->hub->spoil = $spoil;
                $this->move();
                self::assertSame('FILE_DAMAGED', $this->hub->placed[$path], "$size, $how");
                self::assertArrayHasKey($path, $this->hub->placements, 'it stays due');
                self::assertNotContains("public/$path", $this->files());
                self::assertSame([], preg_grep('/draft/', $this->files()), "$size, $how");
            }
            $failed = end($this->told);
            self::assertInstanceOf(FileFailed::class, $failed);
            self::assertTrue($failed->isLater);
            $this->hub->spoil = null;
            $this->move();
            self::assertSame("placed $path", $this->hub->placed[$path]);
            self::assertStringEqualsFile("$this->home/public/$path", $content);
            self::assertInstanceOf(FilePlaced::class, end($this->told));
        }
    }

    public function testAnAnswerThatIsCutGoesOnWhereItWasCut(): void
    {
        $content = FilePair::png('cut', 1_400_000);
        $path = 'avatars/cut-' . substr(hash('sha256', $content), 0, 24) . '.png';
        $this->hub->due($path, $content);
        $this->hub->spoil = static fn (string $all): string => substr($all, 0, 500_000);
        $this->move();
        self::assertArrayNotHasKey($path, $this->hub->placed);
        $drafts = preg_grep('/draft/', $this->files());
        self::assertCount(1, $drafts);
        self::assertSame(500_000, filesize($this->home . '/' . current($drafts)));
        self::assertSame('0600', substr(sprintf('%o', fileperms($this->home . '/' . current($drafts))), -4), 'nobody else sees what is not whole');
        $this->hub->spoil = null;
        $this->move();
        self::assertStringEqualsFile("$this->home/public/$path", $content);
        self::assertSame([], preg_grep('/draft/', $this->files()));
    }

    public function testADraftThatNobodyWaitsForIsClearedAway(): void
    {
        $content = FilePair::png('given up', 1_400_000);
        $this->hub->due('avatars/given-up.png', $content);
        $this->hub->spoil = static fn (string $all): string => substr($all, 0, 500_000);
        $this->move();
        self::assertCount(1, preg_grep('/draft/', $this->files()));
        $this->hub->placements = [];
        $this->move();
        self::assertSame([], $this->files());
    }

    /** @return array<string, array{string}> */
    public function hostilePaths(): array
    {
        return [
            'up' => ['../../../../etc/cron.d/x.png'], 'absolute' => ['/etc/x.png'], 'dots' => ['avatars/..'], 'hidden' => ['avatars/.htaccess.png'], 'a stream' => ['php://filter/x.png'],
            'backslashes' => ['..\\..\\x.png'], 'a NUL' => ["avatars/x.png\0.jpg"], 'long' => [str_repeat('a/', 2000) . str_repeat('b', 5000) . '.png'], 'nothing' => ['...'], 'bytes' => ["\xff\xfe.png"],
        ];
    }

    /** @dataProvider hostilePaths */
    public function testNoPathThatComesFromOutsideLeadsOut(string $path): void
    {
        $content = FilePair::png('hostile');
        $made = FilePaths::ofPlacement($path, hash('sha256', $content));
        self::assertTrue(FilePaths::isInside($made), $made);
        if (preg_match('//u', $path) === 1) {
            $this->hub->due($path, $content);
            $this->move();
            self::assertCount(1, $this->files());
            self::assertMatchesRegularExpression('~^(public|private|local)/[A-Za-z0-9._/-]+$~', $this->files()[0]);
        }
    }

    public function testNothingIsWrittenThroughALink(): void
    {
        mkdir("$this->home/public");
        mkdir("$this->home/outside");
        symlink("$this->home/outside", "$this->home/public/avatars");
        $this->hub->due('avatars/x.png', FilePair::png('x'));
        $this->move();
        self::assertSame(['FILE_OUTSIDE_PLACE'], array_values($this->hub->placed));
        self::assertSame([], glob("$this->home/outside/{,.}[!.]*", GLOB_BRACE));
        file_put_contents("$this->home/secret.png", 'secret');
        symlink("$this->home/secret.png", "$this->home/public/link.png");
        Author::create(['name' => 'Mallory', 'avatar' => 'link.png', 'pictures' => ['../secret.png']]);
        $this->app->make(Pusher::class)->push();
        self::assertSame([], $this->hub->files);
        self::assertNotContains('secret', $this->hub->contents);
    }

    public function testWhatIsNotAllowedIsRefusedForGood(): void
    {
        foreach (['avatars/x.php', 'avatars/x.php.png', 'avatars/x.HTML', 'scan/x.png'] as $path) {
            $this->hub->due($path, FilePair::png($path));
        }
        $this->hub->due('scan/large.pdf', '%PDF-1.4' . str_repeat(' ', 300_000));
        $this->hub->due('scan/fine.pdf', '%PDF-1.4');
        $this->move();
        $refused = array_filter($this->hub->placed, static fn (string $what): bool => !str_starts_with($what, 'placed'));
        self::assertSame([
            'avatars/x.php' => 'FILE_TYPE_REFUSED', 'avatars/x.HTML' => 'FILE_TYPE_REFUSED', 'scan/x.png' => 'FILE_TYPE_REFUSED', 'scan/large.pdf' => 'FILE_TOO_LARGE',
        ], $refused);
        self::assertSame([], $this->hub->placements);
        self::assertCount(2, $this->files());
        self::assertStringStartsWith('private/scan/fine-', $this->files()[0]);
        self::assertStringStartsWith('public/avatars/x-php-', $this->files()[1], 'its name is not what would be run');
    }

    public function testAPathThatLeadsOutIsNotWrittenIntoARecord(): void
    {
        foreach (['../../.env', '/etc/passwd', 'avatars/../../x.png', '["../x"]'] as $place => $path) {
            $result = $this->deliver('authors', 1 + $place, ['name' => 'Mallory', 'avatar' => $path, 'pictures' => $path]);
            self::assertSame('FILE_OUTSIDE_PLACE', $result->getError()?->getReason());
        }
        $this->deliver('authors', 9, ['name' => 'Ada', 'avatar' => 'https://shop.example/storage/ada.png', 'pictures' => 'one.png']);
        self::assertSame(['https://shop.example/storage/ada.png', ['one.png']], [Author::first()->avatar, Author::first()->pictures], 'a link is as good, and one file is a list, too');
    }

    public function testAFileForADirectoryOfNobodyIsCopiedToTheDiskOfItsField(): void
    {
        $content = '%PDF-1.4';
        $this->hub->due('elsewhere/contract.pdf', $content);
        $this->move();
        $path = substr($this->files()[0], strlen('local/'));
        self::assertStringStartsWith('local/elsewhere/contract-', $this->files()[0], 'it may be for a field whose files nobody should see');
        $this->hub->deliveries = [$this->delivery('authors', 1, ['name' => 'Ada', 'scan' => $path])];
        $this->app->make(Puller::class)->pull(0.0);
        self::assertSame($path, Author::first()->scan);
        self::assertStringEqualsFile("$this->home/private/$path", $content);
        self::assertFileDoesNotExist("$this->home/public/$path");
        unlink("$this->home/private/$path");
        unlink("$this->home/local/$path");
        $this->hub->deliveries = [$this->delivery('authors', 1, ['name' => 'Ada L', 'scan' => $path], 11)];
        $this->app->make(Puller::class)->pull(0.0);
        self::assertStringEqualsFile("$this->home/private/$path", $content, 'what was lost here is fetched again');
    }

    public function testWhatOthersWaitForAndIsAnotherOneByNowIsCapturedAnew(): void
    {
        mkdir("$this->home/public");
        file_put_contents("$this->home/public/a.png", FilePair::png('second'));
        Author::create(['name' => 'Ada', 'avatar' => 'a.png']);
        Author::create(['name' => 'Bob', 'pictures' => ['b.png', 'a.png']]);
        Author::create(['name' => 'Eve', 'avatar' => 'e.png']);
        $this->sent();
        $this->hub->due('a.png', FilePair::png('first'));
        $this->hub->placements['a.png']->setState(PlacementState::PLACEMENT_STATE_LACKING);
        $this->move();
        self::assertSame(['update authors 1', 'update authors 2'], $this->captured());
        $this->app->make(FileTraffic::class)->move(static fn (): bool => true);
        self::assertCount(2, $this->captured(), 'once');
        $this->app->make(Pusher::class)->push();
        self::assertSame(hash('sha256', FilePair::png('second')), bin2hex($this->hub->files['authors 1 avatar']->getFileValue()->getSha256()));
    }
}
