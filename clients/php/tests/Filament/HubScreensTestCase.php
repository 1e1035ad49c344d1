<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Client\PulledDeliveries;
use Cognate\Client\ReceivedDelivery;
use Cognate\Filament\Data\TableQuery;
use Cognate\Tests\Filament\Support\Desk;
use Cognate\Tests\Filament\Support\Note;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\HubProcess;
use Cognate\V1\DeliveryResult;
use Filament\Tables\Table;
use PHPUnit\Framework\TestCase;

/**
 * A hub that runs, the application `shop` with its screens, and `blog`, an agent that answers as a test wants: records whose title begins
 * with `refused`, `later`, `locked out` or `fits two` are not taken. Two databases have edits that met.
 */
abstract class HubScreensTestCase extends TestCase
{
    private static ?HubProcess $started = null;
    protected static HubProcess $hub;
    protected Desk $desk;

    public static function setUpBeforeClass(): void
    {
        if (self::$started === null) {
            self::$started = self::$hub = new HubProcess(['left', 'right']);
            self::$hub->start();
            foreach (['shop', 'blog'] as $platform) {
                self::$hub->cognate('platform', 'create', $platform, '--agent', '--pull', '--retry', '1h');
            }
            self::desk()->app->artisan('cognate:models', ['--tell' => true]);
            self::desk('blog')->app->artisan('cognate:models', ['--tell' => true]);
            self::$hub->cognate('sync', 'create', 'notes', '--from', 'shop:notes', '--to', 'blog:notes', '--map', 'title=title', '--acting-identity', 'author');
            self::$hub->cognate('sync', 'create', 'stories', '--from', 'shop:stories', '--to', 'blog:stories', '--map', 'title=title', '--only-assigned');
        }
        self::$hub = self::$started;
    }

    protected function setUp(): void
    {
        $this->desk = self::desk();
    }

    /** @param array<string, mixed> $cognate of config/cognate.php */
    protected static function desk(string $platform = 'shop', array $cognate = [], string $address = '', string $locale = 'en'): Desk
    {
        $hub = $address === '' ? ['address' => self::$hub->socket] : ['address' => $address, 'max_attempts' => 1];
        return new Desk($platform, $hub, $cognate, $locale);
    }

    protected function part(string $class): object
    {
        return $this->desk->app->make($class);
    }

    /** A note of here, sent. */
    protected function note(string $title, string $author = ''): Note
    {
        // Ids go on from test to test, as those of one database would.
        static $id = 0;
        $note = Note::create(['id' => ++$id, 'title' => $title, 'author' => $author === '' ? null : $author]);
        $this->desk->send();
        return $note;
    }

    /** The agent of `blog` answers what it is given. */
    protected static function blogAnswers(bool $mended = false): int
    {
        $client = self::desk('blog')->app->make(\Cognate\Laravel\Hub::class)->client();
        $pulled = PulledDeliveries::from($client, 'blog', wait: 0.2);
        foreach ($pulled as $delivery) {
            $pulled->answer(self::answer($delivery, $mended));
        }
        $pulled->report();
        return count($pulled);
    }

    private static function answer(ReceivedDelivery $delivery, bool $mended): DeliveryResult
    {
        $title = (string) ($delivery->fields['title'] ?? '');
        return match (true) {
            $mended => $delivery->applied($delivery->localId ?? 'n' . substr(md5($delivery->entityId), 0, 8)),
            str_starts_with($title, 'refused') => $delivery->rejected('TITLE_REFUSED', 'no such titles', 'title'),
            str_starts_with($title, 'later') => $delivery->failed('BUSY', 'come back later'),
            str_starts_with($title, 'fits two') => $delivery->conflict('AMBIGUOUS_MATCH', 'the records 1 and 2 of notes have the same title'),
            str_starts_with($title, 'locked out') => $delivery->unauthenticated('LOGIN_REFUSED', 'who is that?'),
            default => $delivery->applied($delivery->localId ?? 'n' . substr(md5($delivery->entityId), 0, 8)),
        };
    }

    /** Answers until something is so. */
    protected static function untilBlog(\Closure $condition, string $what, bool $mended = false): void
    {
        Eventually::is(static function () use ($condition, $mended): bool {
            self::blogAnswers($mended);
            return (bool) $condition();
        }, $what, static fn (): string => self::$hub->cognate('troubles', 'list') . self::$hub->cognate('status'));
    }

    /** @param class-string $page */
    protected function table(string $page): Table
    {
        $this->desk->app->enter();
        return (new $page())->table(new Table());
    }

    /** @param array<string, string> $filters */
    protected static function query(string $search = '', string $sort = '', bool $descending = false, int $page = 1, int $perPage = 25, array $filters = []): TableQuery
    {
        return new TableQuery($page, $perPage, $search, $sort, $descending, $filters);
    }
}
