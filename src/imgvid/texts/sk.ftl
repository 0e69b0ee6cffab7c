# Čo hovorí bot po slovensky. Čistý text bez značiek. $id je krátke označenie úlohy.

## Prvý kontakt

start =
    Ahoj! Pošli mi fotku a spravím z nej krátke video.

    Do popisu napíš, čo sa má diať. Napríklad: „Otočí sa do kamery a usmeje sa.“ Pokojne aj bez popisu.

    Hneď ti odpoviem jednou správou. O pár minút sa z tej istej správy stane tvoje video.

    Všetko ostatné: /help
start-studio =
    Ahoj! Robím obrázky a videá zo slov a z fotiek.

    Stlač niektoré z tlačidiel dole. Na to, čo chýba, sa opýtam, a kým sa čokoľvek spustí, ukážem všetky nastavenia.

    Hneď ti odpoviem jednou správou. Neskôr sa z tej istej správy stane tvoj obrázok alebo video.

    Všetko ostatné: /help
help =
    Pošli fotku. Viac netreba.

    • Popis: čo sa má vo videu diať.
    • Dve fotky poslané spolu: prvá a posledná snímka.
    • Obrázok poslaný ako súbor si zachová plnú kvalitu (JPEG, PNG, WebP alebo HEIC, najviac 20 MB).

    Pod videom: Znova ho vytvorí ešte raz, Iný seed vytvorí jeho obmenu.

    /my – tvoje videá
    /status <id> – ako je na tom úloha
    /cancel <id> – zastaviť úlohu
    /language – vybrať jazyk
    /privacy – čo sa uchováva a ako dlho
    /deletemydata – vymazať všetko o tebe
    /ping – overiť, že som tu
help-studio =
    Stlač tlačidlo pod /start, použi príkaz alebo mi jednoducho niečo pošli: ukážem kartu so všetkými nastaveniami a nič sa nespustí, kým nestlačíš Vytvoriť.

    { $ways }

    • Čo na tom má byť, povie popis fotky alebo slová, ktoré mi pošleš.
    • Ak sa ponáhľaš, napíš nastavenia vedľa slov: „9:16 8s seed 7 mačka tancuje“.
    • Kartu zmeníš aj tým, že na ňu odpovieš správou.
    • Obrázok poslaný ako súbor si zachová plnú kvalitu (JPEG, PNG, WebP alebo HEIC, najviac 20 MB).

    Pod každým výsledkom: Znova ho vytvorí ešte raz, Iný seed vytvorí jeho obmenu, Zmeniť nastavenia otvorí jeho kartu.

    /my – čo vzniklo
    /status <id> – ako je na tom úloha
    /cancel <id> – zastaviť úlohu
    /language – vybrať jazyk
    /privacy – čo sa uchováva a ako dlho
    /deletemydata – vymazať všetko o tebe
    /ping – overiť, že som tu
help-way = /{ $command } – { $about }
help-group = V skupine odpovedz na fotku a spomeň ma, alebo napíš moje meno do popisu fotky.
help-group-studio =
    V skupine použi príkaz, odpovedz na fotku a spomeň ma, alebo napíš moje meno do popisu fotky. Na moje karty reaguj odpoveďou na ne.

    { $ways }
ping = Som tu.
privacy =
    Tvoje obrázky a videá sú uložené na jedinom mieste: v tomto čete, v Telegrame.

    • { $makes ->
        [any] Aby vznikol obrázok alebo video, počítač, ktorý ich robí, dostane tvoje slová a tvoju fotku, má ich u seba len počas práce, pošle výsledok späť do tohto četu a všetko po sebe zmaže.
       *[video] Aby vzniklo video, prenajatý počítač s GPU si prečíta tvoju fotku z Telegramu, má ju u seba len počas práce, pošle video späť do tohto četu a všetko po sebe zmaže.
    }
    • Na našom serveri nie sú žiadne obrázky ani videá. Zoznam tvojich úloh (časy, nastavenia, označenia súborov v Telegrame) je tam { $row_days ->
        [one] { $row_days } deň
        [few] { $row_days } dni
        [many] { $row_days } dňa
       *[other] { $row_days } dní
    } a tvoje popisy { $prompt_days ->
        [one] { $prompt_days } deň
        [few] { $prompt_days } dni
        [many] { $prompt_days } dňa
       *[other] { $prompt_days } dní
    }. Jazyk a tvoje posledné voľby zostávajú, kým ich nevymažeš.
    • Tvoje obrázky sa nepoužívajú na trénovanie a nikomu inému sa neukážu.

    /deletemydata vymaže všetko naraz. Správy v tomto čete sú tvoje, zmazať ich môžeš kedykoľvek.
privacy-runpod = Časť z toho robia počítače s GPU, ktoré nám prenajíma RunPod. Tvoju fotku si prečítajú z Telegramu, pracujú v pamäti a po každej úlohe všetko zmažú.
privacy-fal = Časť z toho robí Fal (fal.ai). Dostane tvoje slová, a kde treba, aj tvoju fotku. Kópie si nechá najviac tak dlho, ako môže úloha trvať: povieme mu to pri každej úlohe.
privacy-comfyui = Časť z toho robí ComfyUI server prevádzkovateľa tohto bota. Pracuje v dočasnom priečinku a záznam o úlohe na ňom potom zmažeme.

## Jazyk

language-name = Slovenčina
language-choose = Akým jazykom mám hovoriť?
language-chosen = Dobre, odteraz po slovensky.

## Na čo sa čaká

job-line = Úloha { $id }
eta-minutes = { $count } min
eta-minutes-range = { $low } – { $high } min
eta-hours = { $count } h
eta-hours-range = { $low } – { $high } h
waiting-placed =
    { $makes ->
        [image] Mám to. Tvoj obrázok je v poradí.
       *[video] Mám to. Tvoje video je v poradí.
    }
    { job-line }
waiting-behind-own =
    { $makes ->
        [image] { $count ->
            [one] Najprv dokončím tvoj skorší obrázok, potom príde na rad tento.
            [few] Najprv dokončím { $count } tvoje skoršie obrázky, potom príde na rad tento.
            [many] Najprv dokončím { $count } tvojho skoršieho obrázka, potom príde na rad tento.
           *[other] Najprv dokončím { $count } tvojich skorších obrázkov, potom príde na rad tento.
        }
       *[video] { $count ->
            [one] Najprv dokončím tvoje skoršie video, potom príde na rad toto.
            [few] Najprv dokončím { $count } tvoje skoršie videá, potom príde na rad toto.
            [many] Najprv dokončím { $count } tvojho skoršieho videa, potom príde na rad toto.
           *[other] Najprv dokončím { $count } tvojich skorších videí, potom príde na rad toto.
        }
    }
    { job-line }
waiting-position =
    V poradí si na { $position }. mieste, hotové to bude asi o { $eta }.
    { job-line }
waiting-eta =
    Si v poradí, hotové to bude asi o { $eta }.
    { job-line }
waiting-booting =
    Zapínam pre teba GPU, hotové to bude asi o { $eta }.
    { job-line }
waiting-service =
    { $makes ->
        [image] Tvoj obrázok čaká v rade u služby, hotový bude asi o { $eta }.
       *[video] Tvoje video čaká v rade u služby, hotové bude asi o { $eta }.
    }
    { job-line }
waiting-paused =
    { $makes ->
        [image] Tvorba obrázkov je na našej strane pozastavená.
       *[video] Tvorba videí je na našej strane pozastavená.
    } Tvoja úloha si drží miesto a bude pokračovať sama.
    { job-line }
waiting-starved =
    Všetky GPU sú práve obsadené. Tvoja úloha si drží miesto a bude pokračovať sama.
    { job-line }
waiting-retry =
    Niečo sa u nás pokazilo, skúšam to znova. Nemusíš robiť nič.
    { job-line }
waiting-fresh =
    { $makes ->
        [image] Počítač, ktorý robil tvoj obrázok, sa prestal ozývať.
       *[video] Počítač, ktorý robil tvoje video, sa prestal ozývať.
    } Začínam odznova na inom, nemusíš robiť nič.
    { job-line }
cancelling =
    Ruším…
    { job-line }

## Kým video vzniká

preparing =
    Pripravujem tvoj obrázok…
    { job-line }
loading =
    Načítavam model…
    { job-line }
generating =
    { $makes ->
        [image] Vytváram tvoj obrázok…
       *[video] Vytváram tvoje video…
    }
    { job-line }
generating-eta =
    { $makes ->
        [image] Vytváram tvoj obrázok, hotový bude asi o { $eta }.
       *[video] Vytváram tvoje video, hotové bude asi o { $eta }.
    }
    { job-line }
generating-percent =
    { $makes ->
        [image] Vytváram tvoj obrázok: { $percent } %
       *[video] Vytváram tvoje video: { $percent } %
    }
    { $bar }
    { job-line }
encoding =
    { $makes ->
        [image] Dokončujem obrázok…
       *[video] Dokončujem video…
    }
    { job-line }
sending =
    { $makes ->
        [image] Posielam tvoj obrázok…
       *[video] Posielam tvoje video…
    }
    { job-line }

## Výsledok

ready = { $makes ->
    [image] Tvoj obrázok je hotový.
   *[video] Tvoje video je hotové.
}
caption-length = { NUMBER($seconds, maximumFractionDigits: 2) } s
caption-seed = seed { $seed }
note-largest-face = Na fotke je viac tvárí, hýbe sa najväčšia z nich.
caption-preview = Ukážka: vytvorené bez modelu AI.
preview-label = UKÁŽKA · bez modelu AI

## Koniec bez videa

cancelled =
    Zrušené.
    { job-line }
cancelled-deleted =
    Správa s touto úlohou bola zmazaná, preto som úlohu zrušil. Tlačidlom Znova ju spustíš odznova.
    { job-line }
undeliverable = { $makes ->
    [image] Obrázok sa nepodarilo doručiť, čet nebol dostupný.
   *[video] Video sa nepodarilo doručiť, čet nebol dostupný.
}

error-bad-image =
    Tento obrázok sa mi nepodarilo prečítať, súbor je zrejme poškodený. Pošli ho, prosím, ešte raz, najlepšie ako fotku.
    { job-line }
error-image-too-small =
    { $makes ->
        [image] Tento obrázok je primalý, aby sa z neho dalo vychádzať. Pošli, prosím, väčší.
       *[video] Tento obrázok je na video primalý. Pošli, prosím, väčší.
    }
    { job-line }
error-image-too-large =
    Tento obrázok je priveľký na bezpečné otvorenie. Pošli, prosím, menší, alebo ho pošli ako fotku.
    { job-line }
error-image-too-heavy =
    Tento súbor má viac ako 20 MB a taký mi Telegram nedovolí prečítať. Pošli ho, prosím, ako fotku alebo ho zmenši.
    { job-line }
error-image-unsupported =
    Tento súbor nie je obrázok, ktorý viem otvoriť. Pošli, prosím, fotku alebo súbor JPEG, PNG, WebP či HEIC.
    { job-line }
error-file-unavailable =
    Telegram mi tvoj obrázok už nevydal. Pošli ho, prosím, ešte raz.
    { job-line }
error-chat-unreachable =
    Čet nebol dostupný, preto sa úloha skončila. Odblokuj ma a stlač Znova.
    { job-line }
error-message-deleted =
    Správa s touto úlohou bola zmazaná, preto sa úloha zrušila. Tlačidlom Znova ju spustíš odznova.
    { job-line }
error-worker-failed =
    { $makes ->
        [image] Pri tvorbe obrázka sa niečo pokazilo.
       *[video] Pri tvorbe videa sa niečo pokazilo.
    } Stlač Znova; ak sa to zopakuje, skús inú fotku alebo kratší popis.
    { job-line }
error-worker-lost =
    { $makes ->
        [image] Počítače, ktoré robili tvoj obrázok, sa opakovane prestali ozývať.
       *[video] Počítače, ktoré robili tvoje video, sa opakovane prestali ozývať.
    } Nie je to tvoja chyba: o chvíľu stlač, prosím, Znova.
    { job-line }
error-out-of-memory =
    Na túto úlohu nestačila pamäť GPU. Skús, prosím, menší obrázok alebo stlač Znova neskôr.
    { job-line }
error-engine-failed =
    { $makes ->
        [image] Model z tohto nedokázal spraviť obrázok.
       *[video] Model z tohto nedokázal spraviť video.
    } Stlač Znova alebo skús inú fotku či popis.
    { job-line }
error-model-missing =
    Na našej strane chýba súbor modelu. Musí ho doplniť prevádzkovateľ; skús to, prosím, zajtra.
    { job-line }
error-model-gone =
    Naša služba vypla model, ktorý toto robí. Prevádzkovateľ musí zvoliť iný; skús to, prosím, zajtra.
    { job-line }
error-deadline-exceeded =
    Trvalo to dlhšie, než je dovolené, preto som to zastavil. Nie je to tvoja chyba: stlač, prosím, Znova.
    { job-line }
error-queue-timeout =
    Za celý ten čas sa neuvoľnilo žiadne GPU, preto som prestal čakať. Stlač, prosím, Znova neskôr.
    { job-line }
error-provider-rejected =
    Naša služba s GPU túto úlohu neprijala. Musí sa na to pozrieť prevádzkovateľ; skús to, prosím, neskôr.
    { job-line }
error-provider-unauthorized =
    Naša služba s GPU nás práve nepustí dnu. Musí to opraviť prevádzkovateľ; skús to, prosím, neskôr.
    { job-line }
error-provider-out-of-funds =
    Na našom účte v službe s GPU došli peniaze. Musí ich doplniť prevádzkovateľ; skús to, prosím, neskôr.
    { job-line }
error-result-lost =
    { $makes ->
        [image] Tvoj obrázok vznikol, ale cestou ku mne sa stratil.
       *[video] Tvoje video vzniklo, ale cestou ku mne sa stratilo.
    } Nie je to tvoja chyba: stlač, prosím, Znova.
    { job-line }
error-result-too-large =
    { $makes ->
        [image] Obrázok vyšiel väčší, než Telegram prijíma. Vyber, prosím, menší formát.
       *[video] Video vyšlo väčšie, než Telegram prijíma (50 MB). Skús, prosím, menší obrázok.
    }
    { job-line }
error-delivery-failed =
    { $makes ->
        [image] Tvoj obrázok vznikol, ale Telegram ho neprijal.
       *[video] Tvoje video vzniklo, ale Telegram ho neprijal.
    } Stlač, prosím, Znova.
    { job-line }
error-prompt-missing =
    { prompt-missing }
    { job-line }
error-prompt-only-link =
    { prompt-only-link }
    { job-line }
error-prompt-too-long =
    { prompt-too-long }
    { job-line }
error-mask-mismatch =
    { mask-mismatch }
    { job-line }
error-no-face =
    Na tejto fotke som nenašiel tvár. Pošli, prosím, takú, na ktorej sa tvár pozerá do objektívu.
    { job-line }
error-content-policy =
    Služba, ktorá to vyrába, odmietla: jej bezpečnostný filter tam videl niečo, čo nepovoľuje. Skús, prosím, iné slová alebo inú fotku. Tento pokus sa neráta.
    { job-line }
error-input-refused =
    Služba si s týmto vstupom neporadila. Skús, prosím, inú fotku alebo iné slová.
    { job-line }
error-no-media =
    Model z toho nič neurobil. Stlač, prosím, Znova alebo skús iné slová.
    { job-line }
error-start-timeout =
    Služba bola taká vyťažená, že nestihla začať. Nie je to tvoja chyba: o chvíľu stlač, prosím, Znova.
    { job-line }
error-wait-exceeded =
    Trvalo to dlhšie, ako je dovolené, preto som prestal čakať. Nie je to tvoja chyba: neskôr stlač, prosím, Znova.
    { job-line }
error-node-missing =
    Na našej strane chýba časť programu. Musí to opraviť správca; skús to, prosím, zajtra.
    { job-line }
error-unanswered =
    Služba nepovedala, či túto úlohu prijala, a pýtať sa dvakrát by mohlo stáť dvakrát. Nie je to tvoja chyba: stlač, prosím, Znova.
    { job-line }
error-internal =
    Tvoju úlohu zastavila chyba na našej strane. Stlač, prosím, Znova; ak to nepomôže, daj prevádzkovateľovi označenie tejto úlohy.
    { job-line }

## Obmedzenia

limit-rate = { $seconds ->
    [one] To bolo rýchle. Skús to, prosím, znova o { $seconds } sekundu.
    [few] To bolo rýchle. Skús to, prosím, znova o { $seconds } sekundy.
    [many] To bolo rýchle. Skús to, prosím, znova o { $seconds } sekundy.
   *[other] To bolo rýchle. Skús to, prosím, znova o { $seconds } sekúnd.
}
limit-pending = { $count ->
    [one] Máš už { $count } nedokončenú úlohu. Počkaj na ňu alebo ju zastav cez /cancel.
    [few] Máš už { $count } nedokončené úlohy. Počkaj na niektorú z nich alebo ju zastav cez /cancel.
    [many] Máš už { $count } nedokončenej úlohy. Počkaj na niektorú z nich alebo ju zastav cez /cancel.
   *[other] Máš už { $count } nedokončených úloh. Počkaj na niektorú z nich alebo ju zastav cez /cancel.
}
limit-queue = Čaká toľko ľudí, že poradovník je plný. Skús to, prosím, znova o pár minút.
not-allowed = Tento bot je súkromný. Ak poznáš jeho prevádzkovateľa, povedz mu svoje číslo: { $user }
not-allowed-group = Tento bot je súkromný a v tejto skupine nepracuje. Číslo skupiny pre prevádzkovateľa: { $chat }

## Čo poslať namiesto toho

reject-text = Potrebujem fotku, z ktorej začnem. Pošli ju a tento text daj do jej popisu.
reject-photo = Z fotky teraz začať neviem. Napíš slovami, čo chceš vidieť.
reject-nothing = Teraz sa nedá nič vytvoriť. Skús to, prosím, neskôr.
reject-video = Video neviem použiť. Pošli, prosím, fotku, napríklad snímku obrazovky s momentom, ktorý sa ti páči.
reject-video-note = Videosprávu neviem použiť. Pošli, prosím, fotku.
reject-animation = GIF neviem použiť. Pošli, prosím, fotku alebo snímku obrazovky s momentom, ktorý sa ti páči.
reject-sticker = Pohyblivú nálepku neviem použiť. Pošli, prosím, fotku alebo nálepku, ktorá sa nehýbe.
reject-audio = Toto si vypočuť neviem. Pošli, prosím, fotku a do jej popisu napíš, čo sa má diať.
reject-other = { $makes ->
    [any] Z tohto nič spraviť neviem. Pošli, prosím, fotku alebo slová.
   *[video] Z tohto video spraviť neviem. Pošli, prosím, fotku.
}
reject-document = Takýto súbor otvoriť neviem. Pošli, prosím, fotku alebo súbor JPEG, PNG, WebP či HEIC.
reject-heic = Tento obrázok HEIC otvoriť neviem. Pošli ho, prosím, ako fotku (nie ako súbor); Telegram ho vtedy prevedie.
reject-heavy = Tento súbor má viac ako 20 MB a taký mi Telegram nedovolí prečítať. Pošli ho, prosím, ako fotku alebo ho zmenši.
reject-small = Tento obrázok je primalý. Každá strana potrebuje aspoň { $min_px } px; pošli, prosím, väčší.
reject-large = Tento obrázok je priveľký: má viac ako { NUMBER($max_mpx, maximumFractionDigits: 0) } Mpx. Pošli, prosím, menší, alebo ho pošli ako fotku.
reject-ratio = Tento obrázok je príliš dlhý a úzky. Orež ho, prosím, tak, aby jedna strana bola najviac { $ratio }-krát dlhšia než druhá.
reject-third = Video má dva konce: z albumu použijem prvé dva obrázky ako prvú a poslednú snímku, ostatné vynechám.
reject-late = Tento obrázok z albumu prišiel neskoro, video sa už začalo robiť z ostatných. Ak ho potrebuješ, pošli oba spolu ešte raz.
reject-prompt = Tento popis je pridlhý. Najväčšia dĺžka v znakoch: { $max }.
prompt-missing = Potrebujem pár slov: čo na tom má byť? Pošli to, prosím, ešte raz aj s popisom.
prompt-only-link = Odkazy neviem otvoriť. Opíš, prosím, slovami, čo na tom má byť.
prompt-too-long = Tento popis je pridlhý. Skráť ho, prosím, a pošli ešte raz.
mask-mismatch = Označený obrázok má iný tvar ako tvoja fotka. Vyznač, prosím, zmenu priamo na fotke a neorezávaj ju.
photo-missing = Najprv potrebujem fotku. Pošli mi ju, prosím.

## /my, /status, /cancel

my-empty = { $makes ->
    [any] Zatiaľ nič nevzniklo. Čo viem, ukáže /start.
   *[video] Zatiaľ nemáš žiadne videá. Pošli fotku a jedno spravím.
}
my-title = { $makes ->
    [any] Tvoje obrázky a videá, strana { $page } z { $pages }
   *[video] Tvoje videá, strana { $page } z { $pages }
}
my-row = { $id } · { $state } · { $when } · { $prompt }
my-row-bare = { $id } · { $state } · { $when }
state-queued = v poradí
state-leased = začína sa
state-submitted = začína sa
state-running = vzniká
state-delivering = posiela sa
state-closing = končí sa
state-completed = hotové
state-failed = nepodarilo sa
state-cancelled = zrušené
status-usage = Ktorá úloha? Napíš jej označenie za príkaz, takto: /status ab12cd3. Tvoje úlohy: /my
status-card =
    Úloha { $id }: { $state }
    Poslané: { $when }
status-position = Miesto v poradí: { $position }
status-eta = Hotové asi o { $eta }
status-prompt = Popis: { $prompt }
status-seed = Seed: { $seed }
status-length = Dĺžka: { NUMBER($seconds, maximumFractionDigits: 2) } s
status-took = Trvalo to { $span }
span-seconds = { $seconds } s
span-minutes = { $minutes } min { $seconds } s
cancel-usage = Ktorá úloha? Napíš jej označenie za príkaz, takto: /cancel ab12cd3. Tvoje úlohy: /my
cancel-started = Ruším úlohu { $id }.
cancel-late = Úloha { $id } sa už skončila, niet čo rušiť.
cancel-nothing = Nemáš žiadne nedokončené úlohy.
unknown-id = Úlohu { $id } nepoznám. Tvoje úlohy: /my
not-yours = Táto úloha patrí niekomu inému.
unknown-job = Túto úlohu už nepoznám, zrejme preto, že sme naše údaje obnovili zo zálohy. Pošli to, prosím, ešte raz.

## /deletemydata

delete-confirm = Zastavím tvoje nedokončené úlohy a vymažem všetko, čo o tebe máme: úlohy, popisy, nastavenia. Nedá sa to vrátiť. Správy v tomto čete zostanú, tie sú tvoje. Vymazať všetko?
delete-waiting = Najprv zastavím tvoje úlohy, potom sa všetko vymaže. Keď to bude hotové, dám ti vedieť.
delete-done = Hotovo. Už o tebe nemáme nič. Ak mi niečo pošleš, začneme od nuly.
delete-kept = Dobre, nič sa nevymazalo.

## Tlačidlá: krátke, v mobile dve vedľa seba

button-cancel = Zrušiť
button-again = Znova
button-seed = Iný seed
button-delete-yes = Vymazať všetko
button-delete-no = Nechať
button-previous = « Späť
button-next = Ďalej »
button-change = Zmeniť nastavenia
button-move = Rozhýbať
button-file = Ako súbor
button-make = Vytvoriť
button-discard = Zahodiť
button-other = Iný režim
button-back = « Späť
button-words-add = Pridať popis
button-words-change = Zmeniť popis
button-mark = Vyznačiť zmenu
button-marked = Vyznačená časť
button-remove = Odstrániť
button-seed-any = Náhodný seed

## Krátke odpovede na stlačenie, najviac 200 znakov

alert-cancelling = Ruším.
alert-queued = Je to v poradí.
alert-too-late = Táto úloha sa už skončila.
alert-not-yours = Toto tlačidlo patrí k úlohe niekoho iného.
alert-stale = Táto správa už neplatí.
alert-card-not-yours = Táto karta patrí niekomu inému.
alert-mode-gone = Toto teraz nie je v ponuke.
alert-result-gone = Tento obrázok už neviem nájsť. Pošli mi ho, prosím.
alert-language = Hotovo.
trouble = S tvojou poslednou správou sa u nás niečo pokazilo. Pošli ju, prosím, ešte raz.

## Ponuky a profil bota

command-start = Čo robím
command-help = Ako ma používať
command-my = { $makes ->
    [any] Tvoje obrázky a videá
   *[video] Tvoje videá
}
command-status = Ako je na tom úloha
command-cancel = Zastaviť úlohu
command-language = Vybrať jazyk
command-privacy = Čo sa uchováva a ako dlho
command-deletemydata = Vymazať všetko o tebe
command-ping = Overiť, že som tu
bot-name = { $makes ->
    [any] Štúdio obrázkov a videí
   *[video] Video z fotky
}
bot-description = { $makes ->
    [any] Obrázky a videá z tvojich slov a fotiek.

    Stlač Spustiť a vyber si. Kým sa čokoľvek začne, ukážem všetky nastavenia, a z mojej odpovede sa stane samotný výsledok.

    Čo pošleš, zostáva v tomto čete. Posielaj, prosím, len fotky ľudí, ktorí s tým súhlasili.
   *[video] Pošli fotku, dostaneš krátke video.

    Do popisu napíš, čo sa má diať, a pár minút počkaj: z mojej odpovede sa stane samotné video.

    Tvoje obrázky zostávajú v tomto čete. Posielaj, prosím, len fotky ľudí, ktorí s tým súhlasili.
}
bot-short-description = { $makes ->
    [any] Robí obrázky a videá z tvojich slov a fotiek priamo v čete.
   *[video] Zmení tvoju fotku na krátke video priamo v čete.
}

## Spôsoby tvorby: čo človek má a čo chce

group-image = Obrázok
group-video = Video
group-photo-video = Fotka → video
group-photo-image = Upraviť fotku
about-group-image = obrázok z tvojich slov
about-group-video = video z tvojich slov
about-group-photo-video = video z tvojej fotky
about-group-photo-image = tvoja fotka zmenená podľa slov

mode-wan22-i2v = Fotka v pohybe
about-wan22-i2v = päť sekúnd; dve fotky budú prvou a poslednou snímkou
mode-photo-video = Video z fotky
about-photo-video = 4 alebo 8 sekúnd, na želanie so zvukom
mode-ltx2-i2v = Dlhé video z fotky
about-ltx2-i2v = 10 až 20 sekúnd so zvukom a pohybom kamery
mode-liveportrait = Živý portrét
about-liveportrait = tvár, ktorá žmurká a trochu sa hýbe, 10 až 20 sekúnd
mode-image-edit = Úprava fotky
about-image-edit = zmení, čo povieš, všade alebo len v časti, ktorú vyznačíš
mode-image = Obrázok
about-image = obrázok za pár sekúnd, štandardný alebo prémiový
mode-sdxl-t2i = Obrázok (SDXL)
about-sdxl-t2i = obrázok z nášho servera, so seedom a zoznamom, čo vynechať
mode-video = Video
about-video = 4 alebo 8 sekúnd, na želanie so zvukom
mode-ltx2-t2v = Dlhé video
about-ltx2-t2v = 10 až 20 sekúnd so zvukom a pohybom kamery

## Nastavenia na karte

param-seconds = Dĺžka
param-aspect = Formát
param-size = Formát
param-sound = Zvuk
param-quality = Kvalita
param-style = Štýl
param-negative = Vynechať
param-as-file = Poslať ako
param-expression = Výraz
param-resolution = Rozlíšenie
param-camera = Kamera
flag-yes = áno
flag-no = nie
value-none = nič
unit-s = { $number } s
unit-p = { $number }p
choice-quality-standard = štandardná
choice-quality-premium = prémiová
choice-quality-fast = rýchla
choice-quality-pro = najlepšia
choice-style-none = bez štýlu
choice-style-photo = fotografia
choice-style-film = film
choice-style-anime = anime
choice-style-watercolour = akvarel
choice-style-oil = olejomaľba
choice-style-3d = 3D
choice-as-file-false = fotku
choice-as-file-true = súbor
choice-expression-calm = pokojný
choice-expression-smile = úsmev
choice-expression-nod = prikývnutie
choice-camera-static = stojí
choice-camera-dolly-in = približuje sa
choice-camera-dolly-out = vzďaľuje sa
choice-camera-dolly-left = ide doľava
choice-camera-dolly-right = ide doprava
choice-camera-jib-up = stúpa
choice-camera-jib-down = klesá
refuse-vram = grafická karta, ktorá to robí, na viac nestačí

## Karta

offer-photo = Čo z toho mám spraviť?
offer-words = Čo mám z týchto slov spraviť?
offer-group = Akým spôsobom to mám spraviť?
offer-line = • { $name }: { $about }
card-quote = „{ $prompt }“
card-choice = { $name }: { $value }
card-seed = Seed: { $seed }
card-two-frames = Tvoje dva obrázky sú prvá a posledná snímka.
card-first-only = Tu použijem len prvý z tvojich obrázkov.
card-marked = Zmení sa len vyznačená časť.
card-expected = Trvá to asi { $span }.
card-price = Stojí to asi { NUMBER($usd, minimumFractionDigits: 2, maximumFractionDigits: 3) } $.
note-nearest = { $wanted } nie je v ponuke, najbližšie je { $became }.
note-refused = { $wanted } → { $became }: { $why }.
cut-sides = Obrázok sa oreže na { $ratio }: vľavo a vpravo z neho ubudne { $percent } %.
cut-ends = Obrázok sa oreže na { $ratio }: hore a dole z neho ubudne { $percent } %.
cut-maybe = Ak obrázok nemá pomer { $ratio }, jeho okraje sa odrežú.
ask-image = Pošli mi teraz fotku. Do popisu môžeš napísať, čo má vzniknúť.
ask-prompt = { $makes ->
    [image] Napíš mi, čo má byť na obrázku.
   *[video] Napíš mi, čo sa má vo videu diať.
}
ask-text = { $name }: napíš mi to, najväčšia dĺžka v znakoch: { $max }.
ask-mask = Pošli túto fotku ešte raz a časť, ktorá sa má zmeniť, na nej zamaľuj (štetcom v Telegrame), alebo pošli čierno-biely obrázok rovnakého tvaru: zmení sa biele.
ask-by-reply = V tejto skupine odpovedz na túto správu.
