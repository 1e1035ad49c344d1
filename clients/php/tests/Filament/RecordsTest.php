<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament;

require_once __DIR__ . '/HubScreensTestCase.php';

use Cognate\Filament\CognatePlugin;
use Cognate\Filament\Data\PlatformSelection;
use Cognate\Filament\Pages;
use Cognate\Filament\PlatformsSelect;
use Cognate\Filament\RecordActions;
use Cognate\Filament\RedirectsToMaster;
use Cognate\Filament\Widgets;
use Cognate\Laravel\Events\HubEvent;
use Cognate\Laravel\Events\RecordPublished;
use Cognate\Tests\Filament\Support\Desk;
use Cognate\Tests\Filament\Support\Note;
use Cognate\Tests\Filament\Support\Person;
use Cognate\Tests\Filament\Support\Story;
use Cognate\Tests\Laravel\Support\Eventually;
use Filament\Notifications\Notification;
use Filament\Panel;
use Filament\Resources\Pages\EditRecord;
use Filament\Schemas\Components\EmbeddedTable;
use Filament\Schemas\Schema;

/** What the application's own forms, tables and people get. */
final class RecordsTest extends HubScreensTestCase
{
    protected function tearDown(): void
    {
        CognatePlugin::notifyUsing(null);
    }

    public function testTheSelectReadsAndWritesThePlatformsOfARecord(): void
    {
        $select = PlatformsSelect::make();
        self::assertFalse($select->got('visible', ['record' => null, 'model' => Note::class]), 'notes are not assigned one by one');
        self::assertTrue($select->got('visible', ['record' => null, 'model' => Story::class]));
        self::assertFalse($select->set['dehydrated'], 'nothing of it is a column');
        $options = $select->got('options');
        self::assertSame('blog', $options['blog']);
        self::assertArrayNotHasKey('shop', $options);

        $story = Story::create(['title' => 'a story']);
        $select->got('load', ['record' => $story]);
        self::assertSame([], $select->state);
        $select->state(['blog']);
        $select->got('save', ['record' => $story]);
        self::assertSame([], Desk::told());
        $again = PlatformsSelect::make();
        $again->got('load', ['record' => $story]);
        self::assertSame(['blog'], $again->state);
        self::assertSame('The record goes to these platforms.', $again->got('helperText'));
        $this->desk->send();
        self::untilBlog(fn (): bool => str_contains(self::$hub->cognate('explain', 'shop', 'stories', (string) $story->id), 'CONVERGED'), 'the record is where it is meant for');
        $this->desk->app->enter();
        $again->state([]);
        $again->got('save', ['record' => $story]);
        $again->got('load', ['record' => $story]);
        self::assertSame([], $again->state);
    }

    public function testAHubThatIsDownBreaksNoFormAndLosesNoPlatform(): void
    {
        $story = Story::create(['title' => 'a story', 'id' => 77]);
        $select = PlatformsSelect::make();
        $select->state(['blog']);
        $select->got('save', ['record' => $story]);

        $this->desk = self::desk(address: 'http://127.0.0.1:1');
        $down = Story::create(['title' => 'a story', 'id' => 77]);
        $select = PlatformsSelect::make();
        $select->got('load', ['record' => $down]);
        self::assertSame([PlatformSelection::UNKNOWN], $select->state);
        self::assertSame([PlatformSelection::UNKNOWN => 'not known: the hub did not answer'], $select->got('options'));
        self::assertStringStartsWith('The hub did not answer', $select->got('helperText'));
        $select->got('save', ['record' => $down]);
        self::assertStringStartsWith('danger: The record is saved, its platforms are not', Desk::told()[0]);
        $known = $select->state;
        $select->state(['blog']);
        $select->got('save', ['record' => $down]);
        self::assertStringStartsWith('danger: The record is saved, its platforms are not', Desk::told()[0]);
        foreach (CognatePlugin::PAGES as $page) {
            $table = $this->table($page);
            self::assertSame(0, $table->shown()->total());
            self::assertSame('The hub does not answer', $table->evaluate($table->set['emptyStateHeading']));
            self::assertNotSame('', $table->evaluate($table->set['emptyStateDescription']));
        }
        foreach (array_slice(CognatePlugin::WIDGETS, 0, 3) as $widget) {
            self::assertSame('The hub does not answer', (new $widget())->stats()[0]->label);
        }
        self::assertSame([], (new Widgets\ThroughputChart())->rendered()[2]['labels']);

        // The hub is back between the form's opening and its saving.
        $this->desk = self::desk();
        $story = Story::create(['title' => 'a story', 'id' => 77]);
        $select = PlatformsSelect::make();
        $select->state($known);
        $select->got('save', ['record' => $story]);
        $select->got('load', ['record' => $story]);
        self::assertSame(['blog'], $select->state);
    }

    public function testWhoeverMayNotManageChangesNoPlatforms(): void
    {
        $this->desk->abilities = ['cognate.view'];
        $story = Story::create(['title' => 'a story', 'id' => 88]);
        $select = PlatformsSelect::make();
        self::assertTrue($select->got('disabled'));
        $select->state(['blog']);
        $select->got('save', ['record' => $story]);
        $select->got('load', ['record' => $story]);
        self::assertSame([], $select->state);
        $this->desk = self::desk(cognate: ['master' => ['is' => false]]);
        self::assertFalse(PlatformsSelect::make()->got('visible', ['record' => null, 'model' => Story::class]));
    }

    public function testElsewhereARecordIsEditedOnTheMasterByItsIdThere(): void
    {
        $note = $this->note('edited on the master');
        self::untilBlog(fn (): bool => str_contains(self::$hub->cognate('explain', 'shop', 'notes', (string) $note->id), 'CONVERGED'), 'blog has it');
        preg_match('/n[0-9a-f]{8}/', self::$hub->cognate('explain', 'shop', 'notes', (string) $note->id), $idThere);

        $this->desk = self::desk(cognate: ['master' => ['is' => false, 'platform' => 'blog', 'url' => 'https://blog.example.org/', 'records' => [Note::class => '/admin/notes/{id}/edit']]]);
        $note = Note::create(['id' => $note->id, 'title' => 'edited on the master']);
        $page = $this->editPage($note);
        $page->mount($note->id);
        self::assertMatchesRegularExpression('~^https://blog\.example\.org/admin/notes/n[0-9a-f]{8}/edit$~', (string) $page->redirectedTo);
        self::assertStringContainsString($idThere[0] ?? 'n', (string) $page->redirectedTo);
        $open = RecordActions::openOnMaster();
        self::assertTrue($open->isVisible(['record' => $note]));
        $other = $this->editPage($note);
        $open->call(['record' => $note, 'livewire' => $other]);
        self::assertSame($page->redirectedTo, $other->redirectedTo);

        $unknown = Note::create(['id' => 4711, 'title' => 'never sent']);
        $page = $this->editPage($unknown);
        $page->mount(4711);
        self::assertNull($page->redirectedTo, 'the master does not have it');
        $open->call(['record' => $unknown, 'livewire' => $page]);
        self::assertStringStartsWith('warning: The master does not have this record', Desk::told()[0]);

        $this->desk = self::desk(cognate: ['master' => ['is' => true, 'platform' => 'blog', 'url' => 'https://blog.example.org/', 'records' => [Note::class => '/{id}']]]);
        $page = $this->editPage($note);
        $page->mount($note->id);
        self::assertNull($page->redirectedTo, 'here is the master');
        self::assertFalse(RecordActions::openOnMaster()->isVisible(['record' => $note]));
    }

    public function testARecordIsSentNow(): void
    {
        $note = $this->note('sent before');
        $action = RecordActions::syncNow();
        self::assertTrue($action->isVisible(['record' => $note]));
        self::assertFalse($action->isVisible(['record' => new Person()]));
        $action->opened(['record' => $note]);
        $action->call(['record' => $note]);
        self::assertTrue($note->isPending());
        self::assertSame(['success: The record is on its way to all targets.'], Desk::told());
    }

    public function testWhoeverChangedARecordIsToldOnceThatATargetHasIt(): void
    {
        $ada = Person::create(['email' => 'ada@example.org']);
        $this->desk->app->artisan('cognate:work', ['--max-seconds' => 0]);
        $this->note('told of', 'ada@example.org');
        Eventually::is(function () use ($ada): bool {
            self::blogAnswers();
            $this->desk->work();
            return Notification::$stored !== [];
        }, 'she is told');
        [$notification, $people] = Notification::$stored[0];
        self::assertSame([$ada->id], array_map(static fn (Person $person): int => $person->id, $people));
        self::assertSame(['blog has it', 'success'], [$notification->title, $notification->status]);
        self::assertStringStartsWith('Note ', $notification->body);

        Notification::$stored = [];
        $event = new RecordPublished('event-1', 'notes', '9', '', 'blog', 'notes', '9', 3, '', 'blog has taken it.', 'ada@example.org');
        $this->desk->app->make('events')->dispatch($event);
        $this->desk->app->make('events')->dispatch($event);
        self::assertCount(1, Notification::$stored);
        CognatePlugin::notifyUsing(static fn (HubEvent $event): array => Person::query()->get()->all());
        $this->desk->app->make('events')->dispatch(new RecordPublished('event-2', 'notes', '9', '', 'blog', 'notes', '9', 3, '', '.'));
        self::assertCount(2, Notification::$stored);
        CognatePlugin::notifyUsing(static fn (): ?Person => null);
        $this->desk->app->make('events')->dispatch(new RecordPublished('event-3', 'notes', '9', '', 'blog', 'notes', '9', 3, '', '.', 'ada@example.org'));
        self::assertCount(2, Notification::$stored);
    }

    public function testThePluginBringsItsPagesAndWidgetsInBothLanguages(): void
    {
        $panel = (new Panel())->plugin(CognatePlugin::make()->widgets([Widgets\PlatformsOverview::class]));
        self::assertSame(CognatePlugin::PAGES, $panel->pages);
        self::assertSame([Widgets\PlatformsOverview::class], $panel->widgets);
        self::assertSame('cognate', CognatePlugin::make()->getId());
        CognatePlugin::make()->boot($panel);
        $slugs = [];
        foreach (['en' => 'Dead letters', 'de' => 'Unzustellbar'] as $locale => $title) {
            $this->desk = self::desk(locale: $locale);
            foreach (CognatePlugin::PAGES as $page) {
                $slugs[] = $page::slug();
                $shown = [$page::getNavigationLabel(), (new $page())->getTitle(), $page::getNavigationGroup(), $page::getNavigationIcon()];
                self::assertStringNotContainsString('cognate::', implode(' ', $shown));
                self::assertInstanceOf(EmbeddedTable::class, (new $page())->content(new Schema())->components[0]);
                $table = $this->table($page);
                foreach ([...$table->columns, ...$table->actions, ...$table->headerActions] as $part) {
                    self::assertStringNotContainsString('cognate::', (string) $part->evaluate($part->set['label']));
                }
            }
            self::assertSame($title, Pages\DeadLetters::getNavigationLabel());
        }
        self::assertCount(6, array_unique($slugs));
        $keys = static fn (string $locale): array => self::keys(require dirname(__DIR__, 2) . "/lang/$locale/filament.php");
        self::assertSame($keys('en'), $keys('de'));
    }

    /** @return list<string> */
    private static function keys(array $texts, string $before = ''): array
    {
        $keys = [];
        foreach ($texts as $key => $text) {
            $keys = [...$keys, ...(is_array($text) ? self::keys($text, "$before$key.") : [$before . $key])];
        }
        return $keys;
    }

    private function editPage(Note $note): EditRecord
    {
        EditRecord::$found = $note;
        return new class () extends EditRecord {
            use RedirectsToMaster;
        };
    }
}
